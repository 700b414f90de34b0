#include "pty/pty.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace berth::pty {
namespace {

std::string subject(int fd) { return "fd " + std::to_string(fd); }

Result<termios> attributes(int terminal) {
  termios out{};
  if (::tcgetattr(terminal, &out) != 0) return fail_errno(errno, "tcgetattr", subject(terminal));
  return out;
}

// TIOCGPTPEER where there is one (Linux 4.13), else by name (gVisor).
int open_slave(int master) {
  constexpr int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  const int fd = ::ioctl(master, TIOCGPTPEER, flags);
  if (fd >= 0) return fd;
  unsigned number = 0;
  if (::ioctl(master, TIOCGPTN, &number) != 0) return -1;
  return ::open(("/dev/pts/" + std::to_string(number)).c_str(), flags);
}

}  // namespace

Result<Pty> Pty::open(TerminalSize size) {
  Pty out;
  out.master.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (!out.master) return fail_errno(errno, "posix_openpt");
  if (::unlockpt(out.master.get()) != 0) return fail_errno(errno, "unlockpt");
  out.slave.reset(open_slave(out.master.get()));
  if (!out.slave) return fail_errno(errno, "open", "pty slave");
  TRY_ASSIGN(auto settings, attributes(out.slave.get()));
  settings.c_iflag |= IUTF8;  // erase takes whole characters
  if (::tcsetattr(out.slave.get(), TCSANOW, &settings) != 0) return fail_errno(errno, "tcsetattr");
  TRY(set_size(out.slave.get(), size));
  return out;
}

// A slave and other terminals know no number of their own (ioctl_tty(2), TIOCGPTN).
bool is_master(int fd) {
  struct stat state{};
  if (::fstat(fd, &state) != 0 || !S_ISCHR(state.st_mode)) return false;  // no other kind of file gets an ioctl of ours
  unsigned number = 0;
  return ::ioctl(fd, TIOCGPTN, &number) == 0;
}

Result<> set_size(int terminal, TerminalSize size) {
  const winsize wanted{.ws_row = size.rows, .ws_col = size.cols, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(terminal, TIOCSWINSZ, &wanted) != 0) return fail_errno(errno, "ioctl TIOCSWINSZ", subject(terminal));
  return {};
}

Result<TerminalSize> size(int terminal) {
  winsize now{};
  if (::ioctl(terminal, TIOCGWINSZ, &now) != 0) return fail_errno(errno, "ioctl TIOCGWINSZ", subject(terminal));
  return TerminalSize{.cols = now.ws_col, .rows = now.ws_row};
}

Result<pid_t> foreground_group(int terminal) {
  pid_t group = 0;
  if (::ioctl(terminal, TIOCGPGRP, &group) != 0) return fail_errno(errno, "ioctl TIOCGPGRP", subject(terminal));
  return group;
}

Result<bool> echoes(int terminal) {
  TRY_ASSIGN(auto settings, attributes(terminal));
  return (settings.c_lflag & ECHO) != 0;
}

Result<std::optional<char>> end_of_input(int terminal) {
  TRY_ASSIGN(auto settings, attributes(terminal));
  const cc_t key = settings.c_cc[VEOF];
  if ((settings.c_lflag & ICANON) == 0 || key == _POSIX_VDISABLE) return std::nullopt;
  return static_cast<char>(key);
}

}  // namespace berth::pty
