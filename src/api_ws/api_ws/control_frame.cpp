#include "api_ws/control_frame.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api_ws/json_frame.hpp"

namespace berth::api_ws {

namespace {

namespace json = boost::json;

Result<std::uint16_t> integer(const JsonFrame& frame, std::string_view name, std::int64_t max) {
  const json::value* value = frame.find(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 1 || value->get_int64() > max)
    return wrong_frame(fmt::format("\"{}\" must be a whole number from 1 to {}.", name, max));
  return static_cast<std::uint16_t>(value->get_int64());
}

Result<ByteOffset> offset(const JsonFrame& frame, std::string_view name) {
  const json::value* value = frame.find(name);
  if (value != nullptr && value->is_uint64()) return ByteOffset{value->get_uint64()};
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return wrong_frame(fmt::format("\"{}\" must be an offset.", name));
  return ByteOffset{static_cast<std::uint64_t>(value->get_int64())};
}

std::string_view word(control::Seat seat) { return seat == control::Seat::Writer ? "writer" : "reader"; }

std::string_view word(control::Attachment::Missed why) {
  switch (why) {
    case control::Attachment::Missed::Slow: return "slow";
    case control::Attachment::Missed::Removed: return "removed";
    case control::Attachment::Missed::Damaged: break;
  }
  return "damaged";
}

}  // namespace

Result<ControlFrame> parse_control_frame(std::string_view text) {
  JsonFrame frame;
  TRY_ASSIGN(const auto type, frame.parse(text));
  if (type == "resize") {
    TRY(frame.allow({"cols", "rows"}));
    TRY_ASSIGN(const auto cols, integer(frame, "cols", 65535));
    TRY_ASSIGN(const auto rows, integer(frame, "rows", 65535));
    return Resize{{cols, rows}};
  }
  if (type == "signal") {
    TRY(frame.allow({"signal"}));
    TRY_ASSIGN(const auto number, integer(frame, "signal", 64));
    return Signal{number};
  }
  if (type == "ack") {
    TRY(frame.allow({"offset"}));
    TRY_ASSIGN(const auto taken, offset(frame, "offset"));
    return Acknowledge{taken};
  }
  TRY(frame.allow({}));
  if (type == "take_over") return TakeOver{};
  if (type == "close_input") return CloseInput{};
  if (type == "ping") return Ping{};
  return wrong_frame("The \"type\" of the frame must be resize, signal, close_input, ack, take_over or ping.");
}

std::string hello_frame(std::string_view terminal_json, ByteOffset from, const control::Attachment::Greeting& greeting) {
  return fmt::format(R"({{"type":"hello","terminal":{},"from":{},"seat":"{}","live":{},"window":{},"screen":{}}})", terminal_json,
                     from.value, word(greeting.seat), greeting.live.value, greeting.window_bytes, greeting.drawn);
}

std::string screen_frame(const control::Attachment::Drawn& drawn) {
  return fmt::format(R"({{"type":"screen","offset":{},"cols":{},"rows":{}}})", drawn.at.value, drawn.size.cols, drawn.size.rows);
}

std::string skip_frame(const control::Attachment::Skipped& skipped) {
  return fmt::format(R"({{"type":"skip","from":{},"to":{},"reason":"{}","cols":{},"rows":{},"redraw":{}}})", skipped.from.value,
                     skipped.to.value, word(skipped.why), skipped.size.cols, skipped.size.rows, !skipped.redraw.empty());
}

std::string seat_frame(const control::Attachment::SeatChange& change) {
  return fmt::format(R"({{"type":"seat","seat":"{}","live":{},"reason":"{}"}})", word(change.seat), change.live.value, change.why);
}

std::string size_frame(TerminalSize size) {
  return fmt::format(R"({{"type":"size","cols":{},"rows":{}}})", size.cols, size.rows);
}

std::string exit_frame(const std::optional<Exit>& exit, ByteOffset end, std::string_view reason) {
  json::object frame{{"type", "exit"}, {"exit_code", nullptr}, {"signal", nullptr}, {"end", end.value}, {"reason", reason}};
  if (const auto* exited = exit ? std::get_if<Exited>(&*exit) : nullptr) frame["exit_code"] = exited->code;
  if (const auto* killed = exit ? std::get_if<Killed>(&*exit) : nullptr) frame["signal"] = killed->signal;
  return json::serialize(frame);
}

std::string error_frame(Code code, std::string_view detail) {
  return json::serialize(json::object{{"type", "error"}, {"code", to_string(code)}, {"detail", detail}});
}

std::string pong_frame() { return R"({"type":"pong"})"; }

}  // namespace berth::api_ws
