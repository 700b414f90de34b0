#pragma once
// The JSON frames of "berth.terminal.v1" (docs/api.md). Reading is strict: an unknown type or field, a value of another
// type or out of range is InvalidArgument with a sentence for the client. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "control/attach.hpp"

namespace berth::api_ws {

struct Resize { TerminalSize size; };
struct Signal { int number = 0; };
struct CloseInput {};
struct Ping {};
struct Acknowledge { ByteOffset taken; };
struct TakeOver {};
using ControlFrame = std::variant<Resize, Signal, CloseInput, Ping, Acknowledge, TakeOver>;

Result<ControlFrame> parse_control_frame(std::string_view text);

[[nodiscard]] std::string hello_frame(std::string_view terminal_json, ByteOffset from, const control::Attachment::Greeting& greeting);
[[nodiscard]] std::string screen_frame(const control::Attachment::Drawn& drawn);
[[nodiscard]] std::string skip_frame(const control::Attachment::Skipped& skipped);
[[nodiscard]] std::string seat_frame(const control::Attachment::SeatChange& change);
[[nodiscard]] std::string size_frame(TerminalSize size);
[[nodiscard]] std::string exit_frame(const std::optional<Exit>& exit, ByteOffset end, std::string_view reason);
[[nodiscard]] std::string error_frame(Code code, std::string_view detail);
[[nodiscard]] std::string pong_frame();

}  // namespace berth::api_ws
