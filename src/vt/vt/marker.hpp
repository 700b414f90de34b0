#pragma once
// Finds shell-integration markers in a terminal's output: OSC 133 (FinalTerm), OSC 633 (VS Code), OSC 7 and OSC 1337
// (directory). One streaming parser that holds no session state: the same bytes give the same markers whatever the split.
//
// Framing follows what terminals do: BEL or ESC \ ends an OSC; ESC and any other byte ends it without dispatch and
// begins a new sequence; CAN and SUB abort. The 8-bit forms 9D and 9C are not recognised, since in UTF-8 they are
// continuation bytes. A payload beyond `max_payload_bytes` keeps its beginning: the letter still counts, `cut` says so.
//
// Memory: one payload, bounded. Plain text costs one memchr.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace berth::vt {

struct Marker {
  enum class Kind {
    PromptStart,   // 133 A, N, P; 633 A
    PromptOther,   // a secondary, continuation or right prompt: no new command
    InputStart,    // B, I
    CommandLine,   // 633 E; or cmdline options of 133 C: text as typed
    OutputStart,   // C
    CommandEnd,    // D
    Directory,     // OSC 7, 1337 CurrentDir, 633 P;Cwd
  };
  Kind kind;
  ByteOffset begin;                       // of its ESC
  ByteOffset end;                         // after its terminator
  std::string text;                       // CommandLine, Directory
  std::optional<std::int64_t> exit_code;  // CommandEnd
  std::string nonce;                      // as the sender gave it
  bool cut = false;                       // the payload was over the limit
};

[[nodiscard]] std::string_view to_string(Marker::Kind kind);

class MarkerParser {
 public:
  static constexpr std::size_t max_payload_bytes = 64 << 10;
  using Sink = std::function<void(const Marker&)>;

  explicit MarkerParser(ByteOffset start = {}) : position_(start) {}

  void feed(std::string_view bytes, const Sink& sink);
  [[nodiscard]] ByteOffset position() const { return position_; }  // of the next byte
  [[nodiscard]] bool between_sequences() const { return state_ == State::Ground; }

 private:
  enum class State : std::uint8_t { Ground, Escape, Payload, PayloadEscape };

  std::size_t skip_ground(std::string_view bytes);
  std::size_t take_payload(std::string_view bytes, const Sink& sink);
  void dispatch(ByteOffset end, const Sink& sink);

  State state_ = State::Ground;
  ByteOffset position_;
  ByteOffset begin_{};
  std::string payload_;
  bool cut_ = false;
};

// Pure: one payload, without ESC ] and terminator, to what it means; nothing when it is not one of ours. One C with a
// cmdline option gives two markers.
void decode_marker(std::string_view payload, Marker base, const MarkerParser::Sink& sink);

}  // namespace berth::vt
