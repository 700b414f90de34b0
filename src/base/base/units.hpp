#pragma once
// Sizes and positions that must not be mixed up.

#include <chrono>
#include <compare>
#include <cstdint>

namespace berth {

// Position in a terminal's journal, in bytes of output since the terminal began. Every client position is one.
struct ByteOffset {
  std::uint64_t value = 0;
  auto operator<=>(const ByteOffset&) const = default;
  ByteOffset operator+(std::uint64_t n) const { return {value + n}; }
  ByteOffset& operator+=(std::uint64_t n) { value += n; return *this; }
  std::uint64_t operator-(ByteOffset other) const { return value - other.value; }
};

struct TerminalSize {
  std::uint16_t cols = 80;
  std::uint16_t rows = 24;
  bool operator==(const TerminalSize&) const = default;
};

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace berth
