#include "pty/raw_mode.hpp"

#include <unistd.h>

#include <utility>

namespace berth::pty {
namespace {

// TCSADRAIN, not TCSAFLUSH: keys that were typed ahead are kept.
Result<> set_modes(int terminal, const termios& modes) {
  while (::tcsetattr(terminal, TCSADRAIN, &modes) != 0)
    if (errno != EINTR) return fail_errno(errno, "tcsetattr");
  return {};
}

termios raw(termios modes) {
  ::cfmakeraw(&modes);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  return modes;
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

Result<RawMode> RawMode::enter(int terminal) {
  termios before{};
  if (::tcgetattr(terminal, &before) != 0) return fail_errno(errno, "tcgetattr");
  RawMode mode(terminal, before);
  TRY(mode.enter_again());
  return mode;
}

RawMode::RawMode(RawMode&& other) noexcept : terminal_(std::exchange(other.terminal_, -1)), before_(other.before_) {}

RawMode::~RawMode() {
  if (terminal_ >= 0) (void)set_modes(terminal_, before_);  // a window that is gone has no modes to restore
}

Result<> RawMode::enter_again() { return set_modes(terminal_, raw(before_)); }

}  // namespace berth::pty
