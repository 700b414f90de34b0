#pragma once
// One terminal as the server sees it: how far its journal goes, which commands ran, who watches. The one state machine
// that owns a terminal's state (Starting → Running → Ended); the parser below it only emits events.
//
// Everything here runs on the sandbox's strand (Shared::executor). The shim's frames come in through the on_… calls; the
// journal on disk is the truth: a gap in the frames is read from it, and so is everything after a restart of the server.
// Ended is told to viewers only after their last byte, and after the rows of the terminal were tried once.
//
// Memory: nothing is kept for output that nobody watches; for viewers that follow, at most Settings::recent_bytes.
//
// Example (std::shared_ptr<const terminals::Shared> shared, store::TerminalRow row, std::shared_ptr<terminals::Outlet> outlet):
//   const auto terminal = terminals::Terminal::create(shared, row);
//   CO_TRY(co_await terminal->start(outlet, {}));
//   CO_TRY(co_await terminal->input("ls\n"));

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "journal/cursor.hpp"
#include "store/also.hpp"
#include "store/rows.hpp"
#include "terminals/answers.hpp"
#include "terminals/audience.hpp"
#include "terminals/outlet.hpp"
#include "terminals/records.hpp"
#include "terminals/screen_at.hpp"
#include "terminals/shared.hpp"
#include "vt/monitor.hpp"
#include "wire/shim.pb.h"

namespace berth::terminals {

class Viewer;

// "ls -l 'a b'": argv as a person would type it.
[[nodiscard]] std::string shell_quote(const std::vector<std::string>& argv);

class Terminal : public std::enable_shared_from_this<Terminal> {
 public:
  enum class State { Starting, Running, Ended };

  // A new one; its row is queued for insertion, `also` with it. `process` is sent by start().
  static std::shared_ptr<Terminal> create(std::shared_ptr<const Shared> shared, store::TerminalRow row, store::Also also = {});
  // One that ran when an earlier server ended. `next_number`: of the first command that is not a finished row.
  static std::shared_ptr<Terminal> restore(std::shared_ptr<const Shared> shared, store::TerminalRow row,
                                           std::uint64_t next_number);
  // One that ended long ago: for reading its journal.
  static std::shared_ptr<Terminal> ended(std::shared_ptr<const Shared> shared, store::TerminalRow row);

  // Sends StartTerminal and waits for the shim's answer. A program that cannot be started is not an error here: the
  // terminal has ended then, with 127 or 126 as a shell would say, and failure() tells why.
  boost::asio::awaitable<Result<>> start(std::shared_ptr<Outlet> outlet, wire::StartProcess process);

  // ---- from the shim ----
  void on_attached(std::shared_ptr<Outlet> outlet, const wire::TerminalState* state);  // after a reconnect; null: unknown to it
  void on_started(const wire::TerminalStarted& frame);
  void on_start_failed(const wire::TerminalStartFailed& frame);
  void on_output(wire::TerminalOutput frame);
  void on_exit(const wire::TerminalExit& frame);
  void on_input_ack(const wire::TerminalInputAck& frame);
  void on_sandbox_ended(const std::string& reason);

  // ---- for control ----
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const store::TerminalRow& row() const { return row_; }
  [[nodiscard]] ByteOffset end() const { return end_; }
  [[nodiscard]] std::size_t viewers() const { return audience_.size(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // The command that finished last under this server.
  [[nodiscard]] const std::optional<store::CommandRow>& last_command() const { return last_; }
  [[nodiscard]] boost::asio::any_io_executor executor() const { return shared_->executor; }
  void spawn(boost::asio::awaitable<void> work) { shared_->spawn(std::move(work)); }  // into the owner's task group

  boost::asio::awaitable<Result<>> input(std::string data);  // waits while the process does not read
  boost::asio::awaitable<Result<>> close_input();
  boost::asio::awaitable<Result<>> resize(TerminalSize size);
  boost::asio::awaitable<Result<>> signal(int signal, bool group);
  [[nodiscard]] Result<journal::Range> journal_range() const;  // what is kept of its output
  void set_name(std::string name) { row_.name = std::move(name); }  // once the store has it
  void with_end(store::Also also) { at_end_ = std::move(also); }    // written with the row that says that it has ended
  boost::asio::awaitable<Result<>> changed();  // waits until it started or ended, took input, or a command finished
  boost::asio::awaitable<Result<>> committed();  // the rows so far were tried

  struct Drawn { ByteOffset offset; TerminalSize size; std::string stream; };
  boost::asio::awaitable<Result<Drawn>> draw();  // the present screen, from a reset; on the pool

 private:
  friend class Answers;
  friend class Audience;
  friend class Viewer;
  struct Chunk {
    ByteOffset offset;
    std::shared_ptr<const std::string> data;
    bool error = false;
  };

  Terminal(std::shared_ptr<const Shared> shared, store::TerminalRow row, State state, bool restored = false);

  [[nodiscard]] bool monitored() const { return !row_.nonce.empty(); }
  [[nodiscard]] std::filesystem::path journal() const { return shared_->journal(row_.id); }
  Result<> make_key(wire::StartTerminal& request);
  Result<journal::Cursor> read_from(ByteOffset from) const;
  Result<journal::Summary> journal_summary() const;
  Result<ScreenSource> screen_source() const;
  boost::asio::awaitable<Result<std::unique_ptr<vt::Screen>>> screen(ByteOffset at, std::chrono::milliseconds budget);  // on the pool
  boost::asio::awaitable<Result<>> send(wire::ToShim frame);
  void look_for_questions(const wire::TerminalOutput& frame);
  void keep_recent(wire::TerminalOutput& frame);
  void trim_recent();
  void parse(std::string_view bytes, WallTime time);
  void watch(const wire::TerminalOutput& frame);
  void on_marker(const vt::Marker& marker);
  void on_command(const vt::CommandEvent& event, WallTime time);
  void open_own_command(WallTime time);
  void close_own_command(WallTime time);
  void catch_up();
  static boost::asio::awaitable<void> run_tell_size(std::shared_ptr<Terminal> self);
  static boost::asio::awaitable<void> run_catch_up(std::shared_ptr<Terminal> self);
  Result<> pass_over_removed();
  boost::asio::awaitable<Result<>> read_journal();
  void end_with(std::optional<Exit> exit, WallTime time, std::string reason);
  void finish();
  static boost::asio::awaitable<void> run_finish(std::shared_ptr<Terminal> self);
  void wake();

  std::shared_ptr<const Shared> shared_;
  std::shared_ptr<Outlet> outlet_;
  std::shared_ptr<Records> records_;
  store::Also at_end_;
  store::TerminalRow row_;
  State state_;
  std::string failure_;        // why it ended or did not start, when not by itself
  Code failure_code_ = Code::Unavailable;
  ByteOffset end_{};           // of the journal, as far as we were told
  bool ending_ = false;        // the exit is known; parsing may lag
  bool told_ = false;          // rows were tried: viewers may see the end
  bool catching_up_ = false;
  bool size_owed_ = false;     // the shim may not have heard of row_.size
  vt::Monitor monitor_;
  vt::MarkerParser watch_;     // of a terminal whose shell tells no commands: title, alternate screen
  std::uint64_t next_number_ = 1;
  std::optional<store::CommandRow> open_, last_;
  std::deque<Chunk> recent_;
  std::size_t recent_bytes_ = 0;
  Audience audience_;
  std::unique_ptr<Answers> answers_;  // once there is something to look through
  ByteOffset answered_{};      // behind the last thing that a program asked and the server answered
  std::uint64_t input_sent_ = 0, input_taken_ = 0;
  boost::asio::steady_timer changed_;  // cancelled to wake: started, ended, input taken
};

}  // namespace berth::terminals
