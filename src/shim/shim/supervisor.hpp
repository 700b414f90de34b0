#pragma once
// The shim's life: starts the sandbox, serves it to every server that proves itself, ends with it and leaves nothing.
//
//   starting   the driver starts the sandbox; init's Ready is awaited
//   running    terminals, files, input and output
//   stopping   asked to: init ends its processes; after the grace they are killed
//   ending     the sandbox is gone: what its processes left in pipes goes into the journals, then exit.json, SandboxExit,
//              and run() returns
//
// Events that end the sandbox are noted where they happen and acted on between call-backs (`after_step`), so that nothing
// is destroyed under its own feet. Owner: main, or a test. Thread: the one that calls run(); syncing has one of its own.
// Errors: open() and run() fail only when the shim itself cannot work; a sandbox that fails is an ordinary end.

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "log/log.hpp"
#include "os/poll.hpp"
#include "sandbox/driver.hpp"
#include "shim/audience.hpp"
#include "shim/channel.hpp"
#include "shim/records.hpp"
#include "shim/syncer.hpp"
#include "shim/terminal.hpp"

namespace berth::shim {

class Supervisor final : Channel::Owner, Audience::Owner, Terminal::Owner {
 public:
  static constexpr std::size_t max_terminals = 1024;        // that run
  static constexpr std::size_t max_ended_terminals = 1024;  // remembered for Welcome; their journals know the rest
  static constexpr std::size_t max_file_requests = 256;     // on the way to init, of all connections

  struct Options {
    wire::ShimSpec spec;  // checked()
    UniqueFd link;        // the server that spawned us; may be none
    std::function<Result<std::unique_ptr<sandbox::Driver>>()> open_driver;
    const Clock* clock = nullptr;  // outlives us
    log::Logger log;
    std::function<void()> started;  // called once the sandbox runs
  };

  static Result<std::unique_ptr<Supervisor>> open(Options options);
  ~Supervisor() override;
  // Until the sandbox ended and everybody was told. SIGTERM and SIGINT stop it with grace.
  Result<ExitRecord> run();

 private:
  enum class Phase { Starting, Running, Stopping, Ending, Done };
  struct Ending { std::string code, reason; };
  struct FileCall { std::uint64_t connection; std::uint64_t request; };

  explicit Supervisor(Options options);

  // supervisor.cpp: the sandbox's life
  void start_sandbox();
  Result<> try_start();
  void init_ready(const wire::Ready& frame);
  Result<> try_serve();
  void stop(std::chrono::milliseconds grace);
  void end(std::string code, std::string reason);  // the first cause wins; acted on in after_step()
  void after_step();
  void begin_ending();
  void try_finish();
  void finish();
  void give_up_blocked();
  [[nodiscard]] Ending cause_of_death();
  void retry_blocked();
  void sync_journals(bool wait);
  [[nodiscard]] std::string early_words() const;

  // init_frames.cpp: what init says
  void channel_frame(const wire::FromInit& frame) override;
  void channel_drained() override;
  void channel_ended(Error why) override;
  Result<> handle(const wire::FromInit& frame);
  Result<> process_started(const wire::Started& frame);
  Result<> process_start_failed(const wire::StartFailed& frame);
  Result<> process_exited(const wire::ProcessExit& frame);
  Result<> file_reply(const wire::FileReply& frame);
  [[nodiscard]] Result<Terminal*> terminal_of(std::uint64_t stream);  // null: it ended before

  // server_frames.cpp: what servers ask
  void server_came(Connection& connection) override;
  void server_frame(Connection& connection, const wire::ToShim& frame) override;
  void server_missed(Connection& connection, const std::set<std::string>& terminals) override;
  void server_went(const Connection& connection) override;
  void start_terminal(const wire::StartTerminal& request);
  Result<> try_start_terminal(const wire::StartTerminal& request, std::string& operation);
  void terminal_input(Connection& connection, const wire::TerminalInput& request);
  void terminal_signal(const wire::TerminalSignal& request);
  void file_request(Connection& connection, const wire::FileRequest& request);
  void pause(Connection& connection, const wire::PauseSandbox& request);
  [[nodiscard]] Terminal* find(const std::string& id);
  [[nodiscard]] wire::FromShim welcome() const;

  // terminals.cpp: what terminals tell
  bool send_to_init(const wire::ToInit& frame) override;
  void terminal_output(const Terminal& terminal, ByteOffset offset, std::string_view bytes, bool error, WallTime time) override;
  void terminal_took_input(const Terminal& terminal, std::uint64_t connection, std::size_t bytes) override;
  void terminal_blocked(const Terminal& terminal, const Error& why) override;
  void terminal_ended(Terminal& terminal) override;
  void forget_ended();
  void journals_changed();

  Options options_;
  const wire::ShimSpec& spec_;
  const log::Logger& log_;
  std::unique_ptr<Loop> loop_;
  std::optional<os::SignalFd> signals_;
  Loop::Watch signals_watch_;
  std::unique_ptr<Audience> audience_;
  std::unique_ptr<sandbox::Driver> driver_;
  std::unique_ptr<Channel> channel_;
  Phase phase_ = Phase::Starting;
  std::optional<Ending> asked_end_;
  ExitRecord exit_;
  bool paused_ = false;
  std::int64_t started_ns_ = 0;
  std::uint64_t oom_kills_seen_ = 0;

  std::map<std::string, std::unique_ptr<Terminal>> terminals_;  // by id; ended ones leave in after_step()
  std::unordered_map<std::uint64_t, Terminal*> by_stream_;
  std::deque<wire::TerminalState> ended_;
  std::vector<std::string> just_ended_;
  std::uint64_t next_stream_ = 1;
  std::unordered_map<std::uint64_t, FileCall> file_calls_;
  std::uint64_t next_file_request_ = 1;

  std::unique_ptr<Syncer> syncer_;
  std::vector<UniqueFd> unsynced_;  // of terminals that ended
  Loop::Timer sync_timer_;
  Loop::Timer trim_timer_;
  Loop::Timer retry_timer_;
  Loop::Timer start_deadline_;
  Loop::Timer stop_deadline_;
  Loop::Timer end_deadline_;
};

}  // namespace berth::shim
