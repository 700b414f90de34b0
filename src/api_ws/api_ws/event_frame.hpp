#pragma once
// The JSON frames of "berth.events.v1" (docs/api.md). Reading is strict: an unknown type or field, or a value of another
// type, is InvalidArgument with a sentence for the client. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "events/timeline.hpp"

namespace berth::api_ws {

struct Subscribe { std::string topic; std::optional<std::uint64_t> after; };  // absent: from now on
struct Unsubscribe { std::string topic; };
struct EventPing {};
using EventFrame = std::variant<Subscribe, Unsubscribe, EventPing>;

Result<EventFrame> parse_event_frame(std::string_view text);

[[nodiscard]] std::string event_frame(std::string_view topic, std::string_view event_json);
[[nodiscard]] std::string gap_frame(std::string_view topic, const events::Gap& gap, std::uint64_t position);
[[nodiscard]] std::string topic_frame(std::string_view type, std::string_view topic);  // "subscribed", "unsubscribed"
[[nodiscard]] std::string position_frame(std::string_view topic, std::uint64_t position);
[[nodiscard]] std::string topic_error_frame(std::string_view topic, Code code, std::string_view detail);

}  // namespace berth::api_ws
