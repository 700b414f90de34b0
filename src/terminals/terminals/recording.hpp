#pragma once
// What a terminal showed, as something to keep or to give away: read from its journal in pieces, whatever its length.
//
//   Cast2, Cast3  asciicast (vt/cast.hpp); resizes are "r", commands and notes "m", the end is "x" in version 3; what was
//                 typed is "i" when it is asked for and was kept. A range that does not begin with the first byte begins with
//                 what the screen was there
//   Raw           the bytes; a range that does not begin with the first byte begins with a stream that draws what was there
//   Text          lines as a person reads them, without escape sequences (journal/clean_line.hpp), in UTF-8
//   Html          the screen at the end with the lines above it (vt/html.hpp): at most html_lines of them, of the last
//                 html_bytes of output
//
// What was removed by a limit or is damaged is told where it is missing, by a marker; the rest goes on.
// Blocks for the disk and computes: for a pool. One thread at a time. Memory: a screen, a piece of about piece_bytes.
// Errors: NotFound (no journal), InvalidArgument (a range that is not kept, or ends before it begins), the journal's.
//
// Example (const terminals::ScreenSource& screen):
//   TRY_ASSIGN(auto recording, terminals::Recording::open({.screen = screen, .form = terminals::RecordingForm::Cast3}));
//   for (;;) {
//     TRY_ASSIGN(const auto piece, recording->next());
//     if (!piece) break;
//   }

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "terminals/screen_at.hpp"

namespace berth::terminals {

enum class RecordingForm : std::uint8_t { Cast2, Cast3, Text, Raw, Html };

struct RecordingSource {
  ScreenSource screen;                 // of the journal
  RecordingForm form = RecordingForm::Cast3;
  std::optional<ByteOffset> from, to;  // absent: the oldest byte that is kept, the present end
  bool input = false;                  // of casts: with what was typed
  bool pipes = false;                  // no PTY: lines end with a line feed alone, and there is no screen
  std::string nonce;                   // of the markers whose commands become markers; empty: none
  std::string title, command;          // for headers
  std::string first_marker;            // a command that `from` is the output of; empty: none
  std::uint32_t html_lines = 10'000;
};

class Recording {
 public:
  static constexpr std::size_t piece_bytes = 256 << 10;
  static constexpr std::uint64_t html_bytes = 32 << 20;

  static Result<std::unique_ptr<Recording>> open(RecordingSource source);
  virtual ~Recording() = default;
  // Empty at the end.
  virtual Result<std::optional<std::string>> next() = 0;
};

}  // namespace berth::terminals
