#include "api_ws/event_frame.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace berth::api_ws {

namespace {

namespace json = boost::json;

constexpr std::size_t most_topic_bytes = 64;

std::unexpected<Error> wrong(std::string message) { return fail(Code::InvalidArgument, std::move(message)); }

std::string quoted(std::string_view text) { return json::serialize(json::string(text)); }

Result<> allow_fields(const json::object& frame, std::initializer_list<std::string_view> names) {
  for (const auto& [key, value] : frame) {
    const std::string_view name = key;
    if (name != "type" && std::ranges::find(names, name) == names.end())
      return wrong(fmt::format("\"{}\" is not a field of this frame.", name.substr(0, most_topic_bytes)));
  }
  return {};
}

Result<std::string> topic_of(const json::object& frame) {
  const json::value* topic = frame.if_contains("topic");
  if (topic == nullptr || !topic->is_string() || topic->get_string().size() > most_topic_bytes)
    return wrong("The frame needs a \"topic\".");
  return std::string(topic->get_string());
}

Result<EventFrame> subscribe(const json::object& frame) {
  TRY(allow_fields(frame, {"topic", "after"}));
  Subscribe out;
  TRY_ASSIGN(out.topic, topic_of(frame));
  const json::value* after = frame.if_contains("after");
  if (after == nullptr || after->is_null()) return out;
  if (!after->is_int64() || after->get_int64() < 0) return wrong("\"after\" must be the id of an event.");
  out.after = static_cast<std::uint64_t>(after->get_int64());
  return out;
}

}  // namespace

Result<EventFrame> parse_event_frame(std::string_view text) {
  std::array<unsigned char, 2048> memory;
  json::monotonic_resource resource(memory.data(), memory.size());
  json::parse_options options;
  options.max_depth = 4;
  json::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error, &resource, options);
  const json::object* frame = error ? nullptr : value.if_object();
  if (frame == nullptr) return wrong("A frame must be one JSON object.");
  const json::value* type = frame->if_contains("type");
  if (type == nullptr || !type->is_string()) return wrong("A frame needs a \"type\".");
  if (*type == "subscribe") return subscribe(*frame);
  if (*type == "unsubscribe") {
    TRY(allow_fields(*frame, {"topic"}));
    TRY_ASSIGN(auto topic, topic_of(*frame));
    return Unsubscribe{std::move(topic)};
  }
  if (*type != "ping") return wrong("The \"type\" of the frame must be subscribe, unsubscribe or ping.");
  TRY(allow_fields(*frame, {}));
  return EventPing{};
}

std::string event_frame(std::string_view topic, std::string_view event_json) {
  return fmt::format(R"({{"type":"event","topic":{},"event":{}}})", quoted(topic), event_json);
}

std::string gap_frame(std::string_view topic, const events::Gap& gap, std::uint64_t position) {
  return fmt::format(R"({{"type":"gap","topic":{},"after":{},"first":{},"last":{},"position":{}}})", quoted(topic), gap.after,
                     gap.first, gap.last, position);
}

std::string topic_frame(std::string_view type, std::string_view topic) {
  return fmt::format(R"({{"type":{},"topic":{}}})", quoted(type), quoted(topic));
}

std::string position_frame(std::string_view topic, std::uint64_t position) {
  return fmt::format(R"({{"type":"position","topic":{},"position":{}}})", quoted(topic), position);
}

std::string topic_error_frame(std::string_view topic, Code code, std::string_view detail) {
  return fmt::format(R"({{"type":"error","topic":{},"code":{},"detail":{}}})", quoted(topic), quoted(to_string(code)), quoted(detail));
}

}  // namespace berth::api_ws
