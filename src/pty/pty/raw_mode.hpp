#pragma once
// A person's terminal in raw mode for as long as the object lives: every key comes as it is typed, Ctrl-C too, and what
// is written is shown as it is. Destruction restores the modes from before, whatever happened in between.
//
// One thread. The owner must see to it that it is destroyed when a signal ends the process (read signals as data), and
// calls enter_again() after SIGCONT: a shell sets modes of its own while a job is stopped.
//
// Example ():
//   if (!pty::is_terminal(0)) return {};
//   TRY_ASSIGN(auto raw, pty::RawMode::enter(0));
//   TRY(raw.enter_again());
//
// Example:
//   TRY_ASSIGN(const auto raw, pty::RawMode::enter(0));  // until `raw` goes

#include <termios.h>

#include "base/result.hpp"

namespace berth::pty {

[[nodiscard]] bool is_terminal(int fd);

class RawMode {
 public:
  static Result<RawMode> enter(int terminal);  // keeps the number, not the descriptor
  RawMode(RawMode&& other) noexcept;
  RawMode& operator=(RawMode&&) = delete;
  ~RawMode();
  Result<> enter_again();

 private:
  RawMode(int terminal, const termios& before) : terminal_(terminal), before_(before) {}
  int terminal_;  // -1: moved from
  termios before_;
};

}  // namespace berth::pty
