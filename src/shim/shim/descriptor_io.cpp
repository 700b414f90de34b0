// A terminal whose PTY master, or pipes, init passed to us: the shortest way of a key and of its echo.

#include <algorithm>

#include "os/file.hpp"
#include "pty/pty.hpp"
#include "shim/terminal_io.hpp"

namespace berth::shim {
namespace {

using journal::Kind;

// Less than this was typed or is an answer to it: it goes on at once, without a look whether more follows.
constexpr std::size_t small_read = 1024;
// What a process can have left in the kernel when it ended: a pipe of the largest size. More comes from others that still
// write, and they do not hold the end up.
constexpr std::size_t max_drain_bytes = (1 << 20) + (64 << 10);
constexpr std::chrono::milliseconds look_again{50};

class DescriptorIo final : public TerminalIo {
 public:
  DescriptorIo(Loop& loop, Host& host, TerminalLog& log, InputQueue& input, TerminalKind kind, KeepInput keep)
      : loop_(loop), host_(host), log_(log), input_(input), kind_(kind), keep_(keep) {}

  Result<> adopt(std::vector<UniqueFd> descriptors);

  void log_has_room() override;
  void pump_input() override;
  void close_input() override;
  void resize(TerminalSize size) override;
  Result<> exited(const wire::ProcessExit&) override;
  void abandon() override;
  [[nodiscard]] bool drained() const override { return !out_.fd && !error_.fd; }

 private:
  struct Port {
    UniqueFd fd;
    Kind kind = Kind::Output;
    std::size_t drained = 0;
    Loop::Watch watch;  // after fd: goes before it
  };
  enum class Got { Bytes, Nothing, End };

  [[nodiscard]] bool is_pty() const { return kind_ == TerminalKind::Pty; }
  [[nodiscard]] int input_fd() const { return is_pty() ? out_.fd.get() : in_.fd.get(); }
  Got read(Port& port);
  void readable(Port& port);
  void drain(Port& port);
  void drain_all();
  void close(Port& port);
  void wait_for_a_slave();
  Result<> watch(Port& port);
  void update(Port& port);
  void input_ready(std::uint32_t events);
  [[nodiscard]] bool input_is_shown() const;
  void took(std::size_t bytes, bool shown);
  void finish_input();

  Loop& loop_;
  Host& host_;
  TerminalLog& log_;
  InputQueue& input_;
  TerminalKind kind_;
  KeepInput keep_;
  Port out_{};
  Port error_{.kind = Kind::Error};
  Port in_{};
  bool exited_ = false;
  bool input_closing_ = false;
  bool input_blocked_ = false;
  bool hung_up_ = false;  // nobody has the slave open
  Loop::Timer look_again_;
};

Result<> DescriptorIo::adopt(std::vector<UniqueFd> descriptors) {
  for (const auto& descriptor : descriptors) {
    TRY_ASSIGN(const auto state, os::stat_fd(descriptor.get()));
    const bool right = is_pty() ? pty::is_master(descriptor.get()) : S_ISFIFO(state.st_mode);
    if (!right) return fail(Code::Damaged, "a descriptor is not what was announced");
    TRY(os::set_nonblocking(descriptor.get()));
  }
  if (is_pty()) {
    out_.fd = std::move(descriptors[0]);
  } else {
    in_.fd = std::move(descriptors[0]);
    out_.fd = std::move(descriptors[1]);
    error_.fd = std::move(descriptors[2]);
    TRY(watch(error_));
    TRY_ASSIGN(in_.watch, loop_.watch(in_.fd.get(), 0, [this](std::uint32_t events) { input_ready(events); }));
  }
  return watch(out_);
}

Result<> DescriptorIo::watch(Port& port) {
  if (!port.fd || port.watch) return {};
  TRY_ASSIGN(port.watch, loop_.watch(port.fd.get(), EPOLLIN, [this, at = &port](std::uint32_t events) {
    if (events & EPOLLOUT) pump_input();
    if (events & ~EPOLLOUT) readable(*at);
  }));
  return {};
}

// Without the log's room nothing is waited for: a hang-up would be told again and again.
void DescriptorIo::update(Port& port) {
  if (log_.blocked()) return port.watch.reset();
  if (hung_up_ || !port.fd) return;
  if (!watch(port)) return close(port);
  port.watch.want(is_pty() && input_blocked_ ? std::uint32_t{EPOLLIN | EPOLLOUT} : std::uint32_t{EPOLLIN});
}

void DescriptorIo::input_ready(std::uint32_t events) {
  if (!(events & (EPOLLERR | EPOLLHUP))) return pump_input();
  close(in_);  // nobody reads there any more
  input_.discard();
}

// One chunk into the log: bytes of a burst are gathered, a keystroke's echo is not waited for.
DescriptorIo::Got DescriptorIo::read(Port& port) {
  const auto into = loop_.scratch();
  std::size_t have = 0;
  bool end = false;
  while (have < into.size()) {
    const auto got = os::read_some(port.fd.get(), into.subspan(have));
    end = !got || (*got && **got == 0);  // EIO of a PTY is its end of file
    if (end || !*got) break;
    have += **got;
    if (**got < small_read) break;
  }
  if (have > 0) {
    port.drained += have;
    log_.append(port.kind, {into.data(), have});
    return Got::Bytes;
  }
  return end ? Got::End : Got::Nothing;
}

void DescriptorIo::readable(Port& port) {
  if (!port.fd) return;
  if (log_.blocked()) return update(port);
  if (read(port) == Got::End) {
    if (is_pty() && !exited_) return wait_for_a_slave();
    close(port);
  }
  if (log_.blocked()) {
    update(out_);
    update(error_);
    host_.io_changed();
  }
}

// The last slave was closed, but the process lives: it may open /dev/tty again.
void DescriptorIo::wait_for_a_slave() {
  hung_up_ = true;
  out_.watch.reset();
  look_again_ = loop_.after(look_again, [this] {
    hung_up_ = false;
    update(out_);
  });
}

void DescriptorIo::log_has_room() {
  if (exited_) return drain_all();
  update(out_);
  update(error_);
}

Result<> DescriptorIo::exited(const wire::ProcessExit&) {
  exited_ = true;
  look_again_.reset();
  in_.watch.reset();
  in_.fd.reset();
  input_.discard();
  out_.drained = error_.drained = 0;
  drain_all();
  return {};
}

void DescriptorIo::abandon() {
  if (!exited_ && exited({})) return;
  drain_all();
}

void DescriptorIo::drain_all() {
  drain(out_);
  drain(error_);
  host_.io_changed();
}

void DescriptorIo::drain(Port& port) {
  while (port.fd && !log_.blocked())
    if (read(port) != Got::Bytes || port.drained > max_drain_bytes) close(port);
  if (port.watch) port.watch.reset();
}

void DescriptorIo::close(Port& port) {
  port.watch.reset();
  port.fd.reset();
}

void DescriptorIo::pump_input() {
  input_blocked_ = false;
  if (input_fd() < 0) input_.discard();
  while (!input_.empty()) {
    const bool shown = input_is_shown();
    const auto written = os::write_some(input_fd(), input_.front());
    if (written && !*written) {
      input_blocked_ = true;
      break;
    }
    if (written) took(**written, shown);
    else input_.discard();  // nobody reads there any more
  }
  if (input_.empty() && input_closing_) finish_input();
  if (is_pty()) return update(out_);
  if (in_.watch) in_.watch.want(input_blocked_ ? std::uint32_t{EPOLLOUT} : 0u);
}

bool DescriptorIo::input_is_shown() const {
  return keep_ == KeepInput::Echoed && is_pty() && pty::echoes(out_.fd.get()).value_or(false);
}

// The key goes first, the record of it after. A program that asks for a password switches ECHO off and reads then: what was
// written while it did so, though ECHO was still on before, is not kept either.
void DescriptorIo::took(std::size_t bytes, bool shown) {
  if (shown && !log_.blocked() && input_is_shown()) {
    log_.append(Kind::Input, input_.front().substr(0, bytes));
    if (log_.blocked()) host_.io_changed();
  }
  input_.consume(bytes);
}

void DescriptorIo::close_input() {
  input_closing_ = true;
  pump_input();
}

// A PTY has no end of input: the character that says it is typed, if the program reads lines.
void DescriptorIo::finish_input() {
  input_closing_ = false;
  if (!is_pty()) return close(in_);
  const auto end = pty::end_of_input(out_.fd.get());
  if (!end || !*end) return;
  input_.push(0, std::string(1, **end));
  pump_input();
}

void DescriptorIo::resize(TerminalSize size) {
  if (!is_pty() || !out_.fd) return;
  if (!pty::set_size(out_.fd.get(), size)) return;  // it is just ending
}

}  // namespace

Result<std::unique_ptr<TerminalIo>> make_descriptor_io(Loop& loop, TerminalIo::Host& host, TerminalLog& log, InputQueue& input,
                                                       TerminalKind kind, KeepInput keep, std::vector<UniqueFd> descriptors) {
  auto io = std::make_unique<DescriptorIo>(loop, host, log, input, kind, keep);
  TRY(io->adopt(std::move(descriptors)));
  return io;
}

}  // namespace berth::shim
