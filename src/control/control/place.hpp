#pragma once
// A place in a terminal's output as people write it (control/recording_actions.hpp). Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::control {

struct CommandNumber { std::uint64_t value = 0; };
struct Now {};  // the end of what there is
using Place = std::variant<ByteOffset, CommandNumber, WallTime, std::chrono::milliseconds, Now>;

// Empty for no text. InvalidArgument names `parameter`.
[[nodiscard]] Result<std::optional<Place>> parse_place(std::string_view text, std::string_view parameter);

}  // namespace berth::control
