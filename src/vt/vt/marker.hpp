#pragma once
// Finds what a terminal's output says about commands: shell-integration markers (OSC 133 of FinalTerm, OSC 633 of VS
// Code), directories (OSC 7, OSC 1337, 633 P), titles (OSC 0 and 2) and switches of the alternate screen. One streaming
// parser that holds no session state: the same bytes give the same markers whatever the split.
//
// Framing follows what terminals do: BEL or ESC \ ends an OSC; ESC and any other byte ends it without dispatch and
// begins a new sequence; CAN and SUB abort. The 8-bit forms 9D and 9C are not recognised, since in UTF-8 they are
// continuation bytes. What tmux passes through (ESC P tmux; … ESC \ with each ESC doubled) is unwrapped; its markers get
// the range of the whole wrapping. A payload beyond `max_payload_bytes` keeps its beginning: the letter still counts,
// `cut` says so.
//
// Memory: one payload of a sequence that is ours, bounded; of others nothing is kept. Plain text costs one memchr, an
// escape sequence that is not ours a look at two bytes.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace berth::vt {

struct Marker {
  enum class Kind : std::uint8_t {
    PromptStart,   // 133 A, N, P; 633 A
    PromptOther,   // a secondary, continuation or right prompt: no new command
    InputStart,    // B
    LineStart,     // 133 I: input that ends at the end of the line
    LineEnd,       // that line ended, with something on it; only while watch_line()
    LineBlank,     // that line ended with nothing on it, or was given up with ^C
    CommandLine,   // 633 E; or cmdline options of 133 C: text as typed
    OutputStart,   // C
    CommandEnd,    // D
    Directory,     // OSC 7, 1337 CurrentDir, 633 P;Cwd
    Title,         // OSC 0, OSC 2
    Alternate,     // CSI ? 47, 1047 or 1049 h
    Main,          // CSI ? 47, 1047 or 1049 l; ESC c
  };
  Kind kind;
  ByteOffset begin;                       // of its ESC
  ByteOffset end;                         // after its terminator
  std::string text;                       // CommandLine, Directory (a path), Title
  std::optional<std::int64_t> exit_code;  // CommandEnd
  std::string nonce;                      // as the sender gave it
  std::string aid;                        // which shell says it, for shells inside of shells
  std::string error;                      // CommandEnd: err=
  std::string host;                       // Directory: as the URL says it
  char letter = 0;                        // of 133 and 633
  bool cut = false;                       // the payload was over the limit
};

[[nodiscard]] std::string_view to_string(Marker::Kind kind);

class MarkerParser {
 public:
  static constexpr std::size_t max_payload_bytes = 64 << 10;
  using Sink = std::function<void(const Marker&)>;

  explicit MarkerParser(ByteOffset start = {}) : position_(start) {}

  void feed(std::string_view bytes, const Sink& sink);
  // Look for the end of the line, once: LineEnd or LineBlank when it comes.
  void watch_line();
  [[nodiscard]] ByteOffset position() const { return position_; }  // of the next byte
  [[nodiscard]] bool between_sequences() const { return state_ == State::Ground; }

 private:
  enum class State : std::uint8_t {
    Ground, Escape, Csi, CsiOther, CsiPrivate, Payload, PayloadEscape, Other, OtherEscape, DcsName, Tmux, TmuxEscape
  };

  std::size_t skip_ground(std::string_view bytes);
  std::size_t read_line(std::string_view bytes, const Sink& sink);
  std::size_t step(std::string_view bytes, const Sink& sink);
  std::size_t after_escape(char c, const Sink& sink);
  std::size_t csi(char c);
  std::size_t csi_private(char c, const Sink& sink);
  std::size_t dcs_name(char c);
  std::size_t take_payload(std::string_view bytes, const Sink& sink);
  std::size_t skip_other(std::string_view bytes);
  std::size_t take_tmux(std::string_view bytes);
  std::size_t tmux_escape(char c, const Sink& sink);
  void end_number();
  void restart();
  void keep(std::string_view bytes);
  void dispatch(ByteOffset end, const Sink& sink);
  void dispatch_tmux(ByteOffset end, const Sink& sink);
  void drop_payload();

  State state_ = State::Ground;
  bool cut_ = false;
  bool known_ = false;       // the payload's number is one of ours
  bool watching_ = false;    // for the end of the line
  bool line_text_ = false;   // something stands on it
  bool alternate_ = false;   // CSI ?: a number of the alternate screen came by
  char before_ = 0, last_ = 0;  // on the watched line
  std::uint32_t number_ = 0;
  ByteOffset position_;
  ByteOffset begin_{};
  std::string payload_;
};

// Pure: one payload, without ESC ] and terminator, to what it means; nothing when it is not one of ours. One C with a
// cmdline option gives two markers. `base` brings offsets and `cut`.
void decode_marker(std::string_view payload, const Marker& base, const MarkerParser::Sink& sink);
// Is this the beginning of a payload that decode_marker knows? `number`: what stands before the first ';'.
[[nodiscard]] bool is_marker_number(std::string_view number);

}  // namespace berth::vt
