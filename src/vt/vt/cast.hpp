#pragma once
// Recordings of terminals that other programs play: asciicast, versions 2 and 3, read and written.
//
// A recording is lines: a header, one JSON object, then one JSON array [time, code, text] for each event. Codes: "o" output,
// "i" input, "r" resize (text "COLSxROWS"), "m" marker, and in version 3 "x" exit (text: the status). Times are seconds:
// since the beginning in version 2, since the event before in version 3, which also takes comments, lines that begin with #.
// Source: docs.asciinema.org, asciicast v2 and v3. Here times are microseconds since the beginning in both.
//
// Text in JSON is UTF-8, terminal output is bytes: a character that is split between two pieces is held back until it is
// whole, and what is no UTF-8 becomes U+FFFD (Unicode 15, section 3.9).
//
// Pure; a writer and a reader are each one recording, on one thread. Memory: one line of at most max_line_bytes.
// Errors of reading name the line: InvalidArgument (damaged, or out of range), TooLarge (a line), Unsupported (another version).
//
// Example (std::string_view output, std::string_view file):
//   std::string out;
//   vt::CastWriter writer(3);
//   writer.begin({.size = {80, 24}}, out);
//   writer.output(std::chrono::microseconds{1500}, output, out);
//   writer.finish(out);
//   vt::CastReader reader;
//   const auto sink = [](const vt::CastEvent& event) { std::string_view text = event.text; };
//   TRY(reader.feed(file, sink));
//   TRY(reader.finish(sink));

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"
#include "vt/utf8.hpp"

namespace berth::vt {

using CastTime = std::chrono::microseconds;  // since the beginning of the recording

struct CastHeader {
  int version = 0;         // as read; a writer has its own
  TerminalSize size;
  std::optional<std::int64_t> timestamp;  // seconds since 1970, when it began
  std::string title, command, term;       // empty: not told; term as in $TERM
  std::optional<double> idle_time_limit;  // seconds
  bool operator==(const CastHeader&) const = default;
};

struct CastEvent {
  enum class Kind : std::uint8_t { Output, Input, Resize, Marker, Exit };
  Kind kind = Kind::Output;
  CastTime time{};
  std::string text;        // UTF-8; empty for a resize and an exit
  TerminalSize size;       // Resize
  std::int32_t status = 0; // Exit
  bool operator==(const CastEvent&) const = default;
};

// Appends lines. Times that go back are written as the latest before.
class CastWriter {
 public:
  explicit CastWriter(int version);  // 2 or 3

  void begin(const CastHeader& header, std::string& out);  // first, once
  void output(CastTime time, std::string_view bytes, std::string& out);  // no line while a character is not whole
  void input(CastTime time, std::string_view bytes, std::string& out);  // split as output is, on its own
  void resize(CastTime time, TerminalSize size, std::string& out);
  void marker(CastTime time, std::string_view label, std::string& out);
  void exit(CastTime time, std::int32_t status, std::string& out);  // version 2 has none: nothing is written
  void finish(std::string& out);  // what is held back, as U+FFFD

 private:
  void begin_event(CastTime time, char code, std::string& out);
  void text_event(CastTime time, char code, Utf8Decoder& decoder, std::string_view bytes, std::string& out);

  int version_;
  CastTime last_{};
  Utf8Decoder decoder_, typed_;
};

class CastReader {
 public:
  static constexpr std::size_t max_line_bytes = 4 << 20;
  static constexpr CastTime max_time = std::chrono::hours{24 * 366 * 10};
  static constexpr std::uint16_t max_cols = 1000, max_rows = 1000;
  using Sink = std::function<void(const CastEvent&)>;

  // Events of the lines that end in `bytes`. Codes that are unknown are passed over; the first error ends it for good.
  Result<> feed(std::string_view bytes, const Sink& sink);
  // The end of the file: the last line may have no line feed. InvalidArgument when there was no header.
  Result<> finish(const Sink& sink);

  [[nodiscard]] const std::optional<CastHeader>& header() const { return header_; }
  [[nodiscard]] std::uint64_t line() const { return line_; }  // lines that were read

 private:
  Result<> take_line(std::string_view line, const Sink& sink);
  Result<> take_header(std::string_view line);
  Result<> take_event(std::string_view line, const Sink& sink);
  Result<> advance(double seconds);

  std::optional<CastHeader> header_;
  std::optional<Error> failed_;
  std::string held_;  // of a line that has not ended
  std::uint64_t line_ = 0;
  CastTime time_{};
};

}  // namespace berth::vt
