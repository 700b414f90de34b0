#pragma once
// Moments as text: RFC 3339 with "Z" or an offset, as the API and people write them. Pure; takes any bytes.

#include <optional>
#include <string_view>

#include "base/units.hpp"

namespace berth {

// Empty when it is none, or of a year that a WallTime does not hold (before 1678, after 2261). What is finer than a nanosecond is dropped.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace berth
