#include "client/terminal_frames.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <limits>

namespace berth::client {
namespace json = boost::json;
namespace {

constexpr std::size_t output_header = 9;

std::unexpected<Error> strange(std::string_view what) {
  return fail(Code::Internal, fmt::format("The server sent {} that this client does not understand.", what),
              "Client and server may be of different versions; compare `berth version` with `berth server status`.");
}

Result<std::uint64_t> offset(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return strange("an offset");
  json::error_code error;
  auto number = value->to_number<std::uint64_t>(error);
  if (error) return strange("an offset");
  return number;
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<std::optional<int>> number_or_null(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  json::error_code error;
  if (!value->is_number()) return strange("an exit status");
  int number = value->to_number<int>(error);
  if (error) return strange("an exit status");
  return number;
}

Result<TextFrame> parse_hello(json::object& object) {
  HelloFrame frame;
  TRY_ASSIGN(frame.from.value, offset(object, "from"));
  json::value* terminal = object.if_contains("terminal");
  if (terminal == nullptr || !terminal->is_object()) return strange("a greeting");
  frame.terminal = std::move(terminal->get_object());
  if (!object.contains("seat")) return frame;  // of an earlier server
  frame.writer = text(object, "seat") == "writer";
  TRY_ASSIGN(frame.live.value, offset(object, "live"));
  TRY_ASSIGN(frame.window_bytes, offset(object, "window"));
  const json::value* screen = object.if_contains("screen");
  frame.screen = screen != nullptr && screen->is_bool() && screen->get_bool();
  return frame;
}

}  // namespace

Result<OutputFrame> parse_output(std::string_view message) {
  if (message.size() < output_header || message[0] < 1 || message[0] > 3) return strange("output");
  std::uint64_t from = 0;
  for (std::size_t i = 1; i < output_header; ++i) from = from << 8 | static_cast<unsigned char>(message[i]);
  std::string_view bytes = message.substr(output_header);
  const auto kind = static_cast<OutputFrame::Kind>(message[0] - 1);
  if (kind != OutputFrame::Kind::Screen && from > std::numeric_limits<std::uint64_t>::max() - bytes.size()) return strange("output");
  return OutputFrame{.kind = kind, .from = {from}, .bytes = bytes};
}

Result<TextFrame> parse_text(std::string_view message) {
  json::error_code error;
  json::value value = json::parse(message, error);
  if (error || !value.is_object()) return strange("a message");
  json::object& object = value.get_object();
  std::string type = text(object, "type");
  if (type == "hello") return parse_hello(object);
  if (type == "skip") {
    SkipFrame frame{.reason = text(object, "reason")};
    TRY_ASSIGN(frame.from.value, offset(object, "from"));
    TRY_ASSIGN(frame.to.value, offset(object, "to"));
    const json::value* redraw = object.if_contains("redraw");
    frame.redraw = redraw != nullptr && redraw->is_bool() && redraw->get_bool();
    return frame;
  }
  if (type == "seat") {
    SeatFrame frame{.writer = text(object, "seat") == "writer", .reason = text(object, "reason")};
    TRY_ASSIGN(frame.live.value, offset(object, "live"));
    return frame;
  }
  if (type == "exit") {
    ExitFrame frame;
    TRY_ASSIGN(frame.exit_code, number_or_null(object, "exit_code"));
    TRY_ASSIGN(frame.signal, number_or_null(object, "signal"));
    TRY_ASSIGN(frame.end.value, offset(object, "end"));
    frame.reason = text(object, "reason");
    return frame;
  }
  if (type == "error") return RefusedFrame{.code = text(object, "code"), .detail = text(object, "detail")};
  return OtherFrame{};
}

std::string resize_frame(TerminalSize size) {
  return fmt::format(R"({{"type":"resize","cols":{},"rows":{}}})", size.cols, size.rows);
}
std::string signal_frame(int signal) { return fmt::format(R"({{"type":"signal","signal":{}}})", signal); }
std::string close_input_frame() { return R"({"type":"close_input"})"; }
std::string ack_frame(ByteOffset taken) { return fmt::format(R"({{"type":"ack","offset":{}}})", taken.value); }
std::string take_over_frame() { return R"({"type":"take_over"})"; }

Result<> Position::begin(ByteOffset from) {
  if (!next_) next_ = from;
  if (from > *next_)
    return fail(Code::Damaged,
                fmt::format("The server begins at byte {}, after byte {} that was wanted.", from.value, next_->value));
  return {};
}

Result<std::string_view> Position::take(ByteOffset from, std::string_view bytes) {
  if (!next_) next_ = from;
  if (from > *next_)
    return fail(Code::Damaged, fmt::format("Output from byte {} to {} is missing.", next_->value, from.value));
  std::uint64_t seen = *next_ - from;
  if (seen >= bytes.size()) return std::string_view{};
  bytes.remove_prefix(seen);
  *next_ += bytes.size();
  return bytes;
}

Result<> Position::skip(ByteOffset from, ByteOffset to) {
  if (from > to || (next_ && (from > *next_ || to < *next_)))
    return fail(Code::Damaged, fmt::format("The server passes over bytes {} to {}, at byte {}.", from.value, to.value,
                                           next_.value_or(ByteOffset{}).value));
  next_ = to;
  return {};
}

}  // namespace berth::client
