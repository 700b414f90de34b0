#pragma once
// The shim's one thread: readiness of descriptors, and timers.
//
// A Watch or a Timer is a handle; destroying it ends the call-backs, also from within one, and also its own. A Watch must
// go before its descriptor is closed: declare it after. Thread: the one that calls step(). Errors come from the system.
// Level triggered: a call-back that leaves something to read is called again, after everybody else had a turn.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/poll.hpp"

namespace berth::shim {

class Loop {
 public:
  using Ready = std::function<void(std::uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR
  using Due = std::function<void()>;

  class Watch {
   public:
    Watch() = default;
    Watch(Watch&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)), token_(other.token_) {}
    Watch& operator=(Watch&& other) noexcept;
    ~Watch() { reset(); }
    void reset();
    void want(std::uint32_t events);  // no change costs nothing
    [[nodiscard]] explicit operator bool() const { return loop_ != nullptr; }

   private:
    friend Loop;
    Watch(Loop* loop, std::uint64_t token) : loop_(loop), token_(token) {}
    Loop* loop_ = nullptr;
    std::uint64_t token_ = 0;
  };

  class Timer {
   public:
    Timer() = default;
    Timer(Timer&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)), key_(other.key_) {}
    Timer& operator=(Timer&& other) noexcept;
    ~Timer() { reset(); }
    void reset();
    [[nodiscard]] bool armed() const { return loop_ != nullptr && loop_->timers_.contains(key_); }

   private:
    friend Loop;
    using Key = std::pair<SteadyTime, std::uint64_t>;
    Timer(Loop* loop, Key key) : loop_(loop), key_(key) {}
    Loop* loop_ = nullptr;
    Key key_;
  };

  static Result<std::unique_ptr<Loop>> open(const Clock& clock);
  Loop(const Loop&) = delete;

  Result<Watch> watch(int fd, std::uint32_t events, Ready ready);
  [[nodiscard]] Timer after(std::chrono::milliseconds delay, Due due);
  // Waits for something, and handles all that is ready.
  Result<> step();
  // Room for one read, shared by all: gone with the next call-back.
  [[nodiscard]] std::span<char> scratch() { return *scratch_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  struct Watched { int fd; std::uint32_t events; Ready ready; };
  using Scratch = std::array<char, 64 << 10>;
  Loop(const Clock& clock, os::Epoll epoll) : clock_(clock), epoll_(std::move(epoll)) {}
  void run_timers();
  [[nodiscard]] std::optional<std::chrono::milliseconds> until_next_timer() const;

  const Clock& clock_;
  os::Epoll epoll_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Watched>> watched_;
  std::map<std::pair<SteadyTime, std::uint64_t>, Due> timers_;
  std::uint64_t next_token_ = 1;
  std::unique_ptr<Scratch> scratch_ = std::make_unique_for_overwrite<Scratch>();
};

}  // namespace berth::shim
