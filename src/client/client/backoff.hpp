#pragma once
// How long to wait before the next try. The delay doubles from `first` to `longest`; each is drawn evenly from its
// upper half, so that clients of a server that restarts do not come back in step. `next()` is empty when `patience` has
// passed since the first failure in a row; `reset()` after a success starts anew.
//
// Pure but for the clock: equal seeds and equal clocks give equal delays. One thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace berth::client {

struct BackoffPolicy {
  std::chrono::milliseconds first{50};
  std::chrono::milliseconds longest{2'000};
  std::chrono::milliseconds patience{300'000};
};

class Backoff {
 public:
  Backoff(BackoffPolicy policy, std::uint64_t seed, const Clock& clock)
      : policy_(policy), state_(seed), clock_(&clock) {}
  [[nodiscard]] std::optional<std::chrono::milliseconds> next();
  void reset();

 private:
  std::uint64_t random();

  BackoffPolicy policy_;
  std::uint64_t state_;
  const Clock* clock_;
  unsigned failures_ = 0;
  SteadyTime since_{};
};

}  // namespace berth::client
