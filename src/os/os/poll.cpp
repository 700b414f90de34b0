#include "os/poll.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/check.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

int clamp_ms(std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout) return -1;
  return static_cast<int>(std::clamp<long long>(timeout->count(), 0, std::numeric_limits<int>::max()));
}

timespec to_timespec(std::chrono::nanoseconds time) {
  return {.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
}

}  // namespace

Result<Epoll> Epoll::open() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "epoll_create1");
  return Epoll{UniqueFd{fd}};
}

Result<> Epoll::add(int fd, std::uint32_t events, std::uint64_t token) {
  epoll_event event{.events = events, .data = {.u64 = token}};
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return fail_errno(errno, "epoll_ctl add", "fd " + std::to_string(fd));
  return {};
}

Result<> Epoll::modify(int fd, std::uint32_t events, std::uint64_t token) {
  epoll_event event{.events = events, .data = {.u64 = token}};
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    return fail_errno(errno, "epoll_ctl modify", "fd " + std::to_string(fd));
  return {};
}

Result<> Epoll::remove(int fd) {
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr) != 0)
    return fail_errno(errno, "epoll_ctl remove", "fd " + std::to_string(fd));
  return {};
}

Result<std::span<epoll_event>> Epoll::wait(std::span<epoll_event> into,
                                           std::optional<std::chrono::milliseconds> timeout) {
  BERTH_CHECK(!into.empty());
  const int n = ::epoll_wait(fd_.get(), into.data(), static_cast<int>(into.size()), clamp_ms(timeout));
  if (n < 0 && errno != EINTR) return fail_errno(errno, "epoll_wait");
  return into.first(static_cast<std::size_t>(std::max(n, 0)));
}

Result<EventFd> EventFd::open() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return fail_errno(errno, "eventfd");
  return EventFd{UniqueFd{fd}};
}

void EventFd::notify() {
  const std::uint64_t one = 1;
  (void)retry([&] { return ::write(fd_.get(), &one, sizeof one); });  // EAGAIN: it is readable already
}

void EventFd::clear() {
  std::uint64_t count = 0;
  (void)retry([&] { return ::read(fd_.get(), &count, sizeof count); });
}

Result<SignalFd> SignalFd::open(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : signals) ::sigaddset(&set, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
    return fail_errno(error, "pthread_sigmask");
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return fail_errno(errno, "signalfd");
  return SignalFd{UniqueFd{fd}};
}

Result<std::optional<int>> SignalFd::next() {
  signalfd_siginfo info{};
  const ssize_t n = retry([&] { return ::read(fd_.get(), &info, sizeof info); });
  if (n == sizeof info) return static_cast<int>(info.ssi_signo);
  if (n < 0 && errno != EAGAIN) return fail_errno(errno, "read", "signalfd");
  return std::nullopt;
}

Result<TimerFd> TimerFd::open() {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0) return fail_errno(errno, "timerfd_create");
  return TimerFd{UniqueFd{fd}};
}

Result<> TimerFd::arm(std::chrono::nanoseconds in, std::chrono::nanoseconds every) {
  const itimerspec spec{.it_interval = to_timespec(every),
                        .it_value = to_timespec(std::max(in, std::chrono::nanoseconds{1}))};  // 0 would disarm
  if (::timerfd_settime(fd_.get(), 0, &spec, nullptr) != 0) return fail_errno(errno, "timerfd_settime");
  return {};
}

Result<> TimerFd::disarm() {
  const itimerspec spec{};
  if (::timerfd_settime(fd_.get(), 0, &spec, nullptr) != 0) return fail_errno(errno, "timerfd_settime");
  return {};
}

void TimerFd::clear() {
  std::uint64_t count = 0;
  (void)retry([&] { return ::read(fd_.get(), &count, sizeof count); });
}

void ignore_signal(int signal) { ::signal(signal, SIG_IGN); }

Result<bool> wait_ready(int fd, short events, std::optional<std::chrono::milliseconds> timeout) {
  using SteadyClock = std::chrono::steady_clock;
  const auto deadline = SteadyClock::now() + timeout.value_or(std::chrono::milliseconds{0});
  for (;;) {
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int n = ::poll(&entry, 1, clamp_ms(timeout));
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) return fail_errno(errno, "poll", "fd " + std::to_string(fd));
    if (timeout) timeout = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  }
}

bool has_bytes(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return retry([&] { return ::poll(&entry, 1, 0); }) > 0 && (entry.revents & POLLIN) != 0;
}

}  // namespace berth::os
