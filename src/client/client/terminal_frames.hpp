#pragma once
// The frames of the WebSocket protocol berth.terminal.v1 (docs/api.md), as pure functions: bytes of the server become
// values, wishes of the client become text. And `Position`, which turns what comes over several connections into one
// stream in which each byte stands once.
//
// Foreign bytes: every function here takes any input. Limits: none of its own; the socket bounds the message size.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::client {

struct OutputFrame {
  enum class Kind { Output, Error, Screen };  // Error: stderr; Screen: draws it, what comes from `from` on follows
  Kind kind = Kind::Output;
  ByteOffset from;
  std::string_view bytes;  // of the input
};
struct HelloFrame {
  boost::json::object terminal;
  ByteOffset from;
  bool screen = false;             // the screen at `from` comes first
  bool writer = true;              // of a server that knows no seats
  ByteOffset live;                 // what programs asked before was answered, or is old
  std::uint64_t window_bytes = 0;  // 0: it wants no acknowledgements
};
struct SkipFrame {  // output that does not come
  ByteOffset from, to;
  std::string reason;  // "slow", "removed", "damaged"
  bool redraw = false;  // a screen follows
};
struct SeatFrame {
  bool writer = false;
  ByteOffset live;
  std::string reason;
};
struct ExitFrame {
  std::optional<int> exit_code, signal;
  ByteOffset end;
  std::string reason;
};
struct RefusedFrame {
  std::string code, detail;
};                     // a control frame that was wrong
struct OtherFrame {};  // of a newer server: skipped
using TextFrame = std::variant<HelloFrame, SkipFrame, SeatFrame, ExitFrame, RefusedFrame, OtherFrame>;

[[nodiscard]] Result<OutputFrame> parse_output(std::string_view message);
[[nodiscard]] Result<TextFrame> parse_text(std::string_view message);

[[nodiscard]] std::string resize_frame(TerminalSize size);
[[nodiscard]] std::string signal_frame(int signal);
[[nodiscard]] std::string close_input_frame();
[[nodiscard]] std::string ack_frame(ByteOffset taken);
[[nodiscard]] std::string take_over_frame();

// Where a viewer is. Bytes that it has already seen are cut off; bytes that would leave a gap are refused.
class Position {
 public:
  explicit Position(std::optional<ByteOffset> from) : next_(from) {}
  [[nodiscard]] std::optional<ByteOffset> next() const { return next_; }
  Result<> begin(ByteOffset from);  // the server's hello
  Result<std::string_view> take(ByteOffset from, std::string_view bytes);
  Result<> skip(ByteOffset from, ByteOffset to);  // the server's word that these do not come

 private:
  std::optional<ByteOffset> next_;
};

}  // namespace berth::client
