#pragma once
// One terminal: its process, its journal, what waits to be typed. Starting → running → (exit known) draining → ended.
//
// The exit goes into the journal after the last byte, and is told after that. What happens while the journal is blocked
// (full disk): the source is not read, the process waits, retry() goes on. Owner: the Supervisor, which destroys a terminal
// between call-backs only. Thread: the loop's.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "base/result.hpp"
#include "journal/format.hpp"
#include "shim/input_queue.hpp"
#include "shim/loop.hpp"
#include "shim/terminal_io.hpp"
#include "shim/terminal_log.hpp"
#include "wire/shim.pb.h"

namespace berth::shim {

class Terminal final : TerminalIo::Host {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual bool send_to_init(const wire::ToInit& frame) = 0;  // false: busy
    virtual void terminal_output(const Terminal& terminal, ByteOffset offset, std::string_view bytes, bool error, WallTime time) = 0;
    virtual void terminal_took_input(const Terminal& terminal, std::uint64_t connection, std::size_t bytes) = 0;
    virtual void terminal_blocked(const Terminal& terminal, const Error& why) = 0;  // once per full disk
    virtual void terminal_ended(Terminal& terminal) = 0;                            // once
  };
  struct Config {
    TerminalId id;
    std::uint64_t stream = 0;
    TerminalKind kind = TerminalKind::Pty;
    bool in_band = false;
    KeepInput keep_input = KeepInput::None;
    std::optional<TerminalSize> size;  // that it starts with; the journal begins with it
  };

  Terminal(Loop& loop, Owner& owner, Config config, journal::Writer writer);

  [[nodiscard]] const std::string& id() const { return config_.id.str(); }
  [[nodiscard]] std::uint64_t stream() const { return config_.stream; }
  [[nodiscard]] TerminalKind kind() const { return config_.kind; }
  [[nodiscard]] bool starting() const { return pid_ == 0 && !exit_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool blocked() const { return log_.blocked(); }
  [[nodiscard]] std::size_t held_bytes() const { return log_.held_bytes(); }
  [[nodiscard]] journal::Writer& writer() { return log_.writer(); }
  [[nodiscard]] wire::TerminalState state() const;
  [[nodiscard]] WallTime exit_time() const { return exit_time_; }

  // From init. A failure says how init broke the protocol.
  void sent();  // StartProcess is on its way
  Result<> started(const wire::Started& frame, std::vector<UniqueFd> descriptors);
  void start_failed(journal::ExitPayload exit);
  Result<> output(const wire::Output& frame);
  Result<> input_window(const wire::Window& frame);
  Result<> exited(const wire::ProcessExit& frame);
  void channel_has_room();
  void abandon();  // the sandbox is gone

  // From servers.
  void input(std::uint64_t connection, const std::string& bytes);
  void close_input();
  void resize(TerminalSize size);

  void retry();

 private:
  bool send_to_init(const wire::ToInit& frame) override { return owner_.send_to_init(frame); }
  void io_changed() override { settle(); }
  void appended(journal::Kind kind, ByteOffset offset, std::string_view bytes, WallTime time);
  void settle();

  Loop& loop_;
  Owner& owner_;
  Config config_;
  TerminalLog log_;
  InputQueue input_;
  std::unique_ptr<TerminalIo> io_;
  int pid_ = 0;
  std::optional<TerminalSize> size_;       // asked for while starting
  bool input_closing_ = false;             // the same
  std::optional<journal::ExitPayload> exit_;
  WallTime exit_time_;
  bool exit_written_ = false;              // or held by the log
  bool ended_ = false;
  bool told_blocked_ = false;
};

}  // namespace berth::shim
