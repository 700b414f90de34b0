#include "cli/keyboard.hpp"

#include <array>
#include <csignal>

#include "os/file.hpp"

namespace berth::cli {
namespace {
enum Token : std::uint64_t { Input, Signals, Stop, Room };
constexpr std::size_t chunk = 16u << 10;
}  // namespace

Keyboard::Keyboard(KeyboardOptions options, os::Epoll epoll, os::SignalFd signals, os::EventFd stop, os::EventFd room)
    : options_(std::move(options)),
      epoll_(std::move(epoll)),
      signals_(std::move(signals)),
      stop_(std::move(stop)),
      room_(std::move(room)),
      open_(options_.read_input) {}

Result<std::unique_ptr<Keyboard>> Keyboard::make(KeyboardOptions options) {
  TRY_ASSIGN(auto signals, os::SignalFd::open({SIGWINCH, SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGCONT}));
  TRY_ASSIGN(auto epoll, os::Epoll::open());
  TRY_ASSIGN(auto stop, os::EventFd::open());
  TRY_ASSIGN(auto room, os::EventFd::open());
  TRY(epoll.add(signals.fd(), EPOLLIN, Signals));
  TRY(epoll.add(stop.fd(), EPOLLIN, Stop));
  TRY(epoll.add(room.fd(), EPOLLIN, Room));
  return std::unique_ptr<Keyboard>(
      new Keyboard(std::move(options), std::move(epoll), std::move(signals), std::move(stop), std::move(room)));
}

Keyboard::~Keyboard() { stop(); }

void Keyboard::stop() {
  if (!thread_.joinable()) return;
  stop_.notify();
  thread_.join();
}

void Keyboard::start(client::Attach& attach) {
  attach_ = &attach;
  thread_ = std::thread([this] { loop(); });
}

void Keyboard::loop() {
  std::array<epoll_event, 4> ready{};
  for (;;) {
    watch_input();
    bool readable_now = always_ready_ && open_ && attach_->has_room();
    auto events = epoll_.wait(ready, readable_now ? std::optional(std::chrono::milliseconds{0}) : std::nullopt);
    if (!events) return attach_->detach();
    for (const epoll_event& event : *events) {
      if (event.data.u64 == Stop) return;
      if (event.data.u64 == Room) room_.clear();
      if (event.data.u64 == Input) read_input();
      if (event.data.u64 == Signals)
        for (auto signal = signals_.next(); signal && *signal; signal = signals_.next()) on_signal(**signal);
    }
    if (readable_now) read_input();
  }
}

// A descriptor that nobody wants to read now is taken out: a pipe that hung up would wake us without end.
void Keyboard::watch_input() {
  if (always_ready_) return;
  bool wanted = open_ && attach_->has_room();
  if (wanted == watched_) return;
  if (!wanted) {
    (void)epoll_.remove(options_.input);
    watched_ = false;
    return;
  }
  auto added = epoll_.add(options_.input, EPOLLIN, Input);
  if (added)
    watched_ = true;
  else if (added.error().sys_errno == EPERM)
    always_ready_ = true;
  else
    end_input();  // closed before we came
}

void Keyboard::read_input() {
  std::array<char, chunk> buffer;
  auto size = os::read_some(options_.input, buffer);
  if (size && !*size) return;
  if (!size || **size == 0) return end_input();
  std::string_view bytes(buffer.data(), **size);
  if (!options_.person) return attach_->input(std::string(bytes));
  auto scan = keys_.feed(bytes);
  if (scan.take_over) attach_->take_over();
  if (!scan.input.empty()) attach_->input(std::move(scan.input));
  if (scan.detach) {
    open_ = false;
    attach_->detach();
  }
}

void Keyboard::end_input() {
  open_ = false;
  if (options_.person)
    attach_->detach();  // the window is gone
  else
    attach_->close_input();
}

void Keyboard::on_signal(int signal) {
  switch (signal) {
    case SIGCONT:
      if (options_.continued) options_.continued();
      [[fallthrough]];
    case SIGWINCH:
      if (auto size = options_.size ? options_.size() : std::nullopt) attach_->resize(*size);
      return;
    case SIGHUP: return attach_->detach();
    default:
      if (options_.leave_on_signal) return attach_->detach();
      return attach_->signal(signal);
  }
}

}  // namespace berth::cli
