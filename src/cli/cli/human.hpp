#pragma once
// Figures as people read them, and the API's times. Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace berth::cli {

[[nodiscard]] std::string human_bytes(std::uint64_t bytes);  // "512 B", "1.5 KiB", "12 MiB"
[[nodiscard]] std::string human_duration(
    std::chrono::nanoseconds duration);  // "850 µs", "12 ms", "1.2 s", "3m 5s", "2h 5m", "3d 4h"
[[nodiscard]] std::string human_age(WallTime then, WallTime now);  // "12 seconds", "5 minutes", "3 hours", "2 days"
// RFC 3339 with "Z" or an offset; empty when it is none.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);
[[nodiscard]] std::string local_time(WallTime time);  // "2026-03-01 14:05:09", this machine's zone

}  // namespace berth::cli
