#pragma once
// Waiting: epoll, and the descriptors that make events, signals and deadlines readable.
//
// Each object owns its descriptor, is used by one thread (EventFd::notify from any), and is CLOEXEC and non-blocking.
//
// Example:
//   #include <array>
//   TRY_ASSIGN(auto epoll, os::Epoll::open());
//   TRY_ASSIGN(auto timer, os::TimerFd::open());
//   TRY(epoll.add(timer.fd(), EPOLLIN, 1));
//   TRY(timer.arm(std::chrono::milliseconds{10}));
//   std::array<epoll_event, 8> space;
//   TRY_ASSIGN(const auto ready, epoll.wait(space));
//   for (const auto& event : ready)
//     if (event.data.u64 == 1) timer.clear();

#include <signal.h>
#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

class Epoll {
 public:
  static Result<Epoll> open();
  // `events` are EPOLLIN, EPOLLOUT, …; 0 still tells EPOLLERR and EPOLLHUP. `token` comes back in epoll_event::data.u64.
  Result<> add(int fd, std::uint32_t events, std::uint64_t token);
  Result<> modify(int fd, std::uint32_t events, std::uint64_t token);
  Result<> remove(int fd);
  // Ready events in `into`, as a span of it; empty after the timeout or a signal. No timeout: waits for ever.
  Result<std::span<epoll_event>> wait(std::span<epoll_event> into,
                                      std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Epoll(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

class EventFd {
 public:
  static Result<EventFd> open();
  void notify();        // from any thread, async-signal-safe
  void clear();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit EventFd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Blocks the signals in the calling thread (make it before other threads start) and gives them as reads.
class SignalFd {
 public:
  static Result<SignalFd> open(std::initializer_list<int> signals);
  Result<std::optional<int>> next();  // a signal's number; empty: none waits
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit SignalFd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// CLOCK_MONOTONIC.
class TimerFd {
 public:
  static Result<TimerFd> open();
  Result<> arm(std::chrono::nanoseconds in, std::chrono::nanoseconds every = {});  // 0 fires at once
  Result<> disarm();
  void clear();
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit TimerFd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

void ignore_signal(int signal);
// One descriptor, poll(2): true when ready for `events` (POLLIN, …) within the timeout.
Result<bool> wait_ready(int fd, short events, std::optional<std::chrono::milliseconds> timeout = std::nullopt);

// Whether a read would give bytes now; false at the end of file, after a hang-up and when it would block.
bool has_bytes(int fd);

}  // namespace berth::os
