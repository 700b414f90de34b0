#pragma once
// Time comes in through constructors, so that waiting logic is tested without waiting.
//
// Example:
//   FakeClock clock;                             // what takes a `const Clock&` waits for nothing in a test
//   const auto begun = clock.steady();
//   clock.advance(std::chrono::seconds{30});
//   const auto took = clock.steady() - begun;

#include "base/units.hpp"

namespace berth {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;       // for records
  [[nodiscard]] virtual SteadyTime steady() const = 0;  // for deadlines and durations
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

class FakeClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by;
    steady_ += std::chrono::duration_cast<std::chrono::steady_clock::duration>(by);
  }

 private:
  WallTime wall_{std::chrono::seconds{1'700'000'000}};
  SteadyTime steady_{};
};

}  // namespace berth
