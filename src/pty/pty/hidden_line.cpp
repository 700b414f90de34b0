#include "pty/hidden_line.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <optional>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "pty/raw_mode.hpp"

namespace berth::pty {
namespace {

// Signals wait while this lives; one that came is raised again behind it.
class Held {
 public:
  Held() { ::pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  Held(const Held&) = delete;
  ~Held() {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    if (came_) ::raise(*came_);
  }
  void came(int signal) { came_ = signal; }

 private:
  sigset_t before_{};
  std::optional<int> came_;
};

enum class Typed { More, Line, Nothing };

void take_back(std::string& line) {
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0) == 0x80) line.pop_back();  // of one character
  if (!line.empty()) line.pop_back();
}

Typed take(std::string& line, char key) {
  switch (key) {
    case '\r':
    case '\n': return Typed::Line;
    case 3:
    case 4: return Typed::Nothing;
    case 8:
    case 127: take_back(line); return Typed::More;
    case 21: line.clear(); return Typed::More;
    default: line += key; return Typed::More;
  }
}

Result<std::string> read_line(int terminal, os::SignalFd& signals, Held& held, std::size_t most) {
  std::string line;
  line.reserve(most + 1);  // it leaves no copies behind when it grows
  std::array<pollfd, 2> waited{{{terminal, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
  for (;;) {
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) return fail_errno(errno, "poll");
    TRY_ASSIGN(const auto signal, signals.next());
    if (signal) {
      held.came(*signal);
      return fail(Code::Cancelled, "No passphrase was typed.");
    }
    if (waited[0].revents == 0) continue;
    char key = 0;
    TRY_ASSIGN(const auto size, os::read_some(terminal, {&key, 1}));
    if (size && *size == 0) return fail(Code::Cancelled, "No passphrase was typed.");
    if (!size) continue;
    const Typed typed = take(line, key);
    if (typed == Typed::Line) return line;
    if (typed == Typed::Nothing) return fail(Code::Cancelled, "No passphrase was typed.");
    if (line.size() > most) return fail(Code::TooLarge, "The passphrase is too long.");
  }
}

}  // namespace

Result<std::string> read_hidden_line(int terminal, std::string_view prompt, std::size_t most) {
  Held held;
  TRY_ASSIGN(auto signals, os::SignalFd::open({SIGINT, SIGTERM, SIGHUP, SIGQUIT}));
  TRY_ASSIGN(auto raw, RawMode::enter(terminal));
  TRY(os::write_all(terminal, prompt));
  auto line = read_line(terminal, signals, held, most);
  TRY(os::write_all(terminal, "\r\n"));
  return line;
}

}  // namespace berth::pty
