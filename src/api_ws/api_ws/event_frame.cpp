#include "api_ws/event_frame.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api_ws/json_frame.hpp"

namespace berth::api_ws {

namespace {

namespace json = boost::json;

constexpr std::size_t most_topic_bytes = 64;

std::string quoted(std::string_view text) { return json::serialize(json::string(text)); }

Result<std::string> topic_of(const JsonFrame& frame) {
  const json::value* topic = frame.find("topic");
  if (topic == nullptr || !topic->is_string() || topic->get_string().size() > most_topic_bytes)
    return wrong_frame("The frame needs a \"topic\".");
  return std::string(topic->get_string());
}

Result<EventFrame> subscribe(const JsonFrame& frame) {
  TRY(frame.allow({"topic", "after"}));
  Subscribe out;
  TRY_ASSIGN(out.topic, topic_of(frame));
  const json::value* after = frame.find("after");
  if (after == nullptr || after->is_null()) return out;
  if (!after->is_int64() || after->get_int64() < 0) return wrong_frame("\"after\" must be the id of an event.");
  out.after = static_cast<std::uint64_t>(after->get_int64());
  return out;
}

}  // namespace

Result<EventFrame> parse_event_frame(std::string_view text) {
  JsonFrame frame;
  TRY_ASSIGN(const auto type, frame.parse(text));
  if (type == "subscribe") return subscribe(frame);
  if (type == "unsubscribe") {
    TRY(frame.allow({"topic"}));
    TRY_ASSIGN(auto topic, topic_of(frame));
    return Unsubscribe{std::move(topic)};
  }
  if (type != "ping") return wrong_frame("The \"type\" of the frame must be subscribe, unsubscribe or ping.");
  TRY(frame.allow({}));
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
