#pragma once
// Recordings of terminals, out and in. A part of control/actions.hpp, with the same rules.
//
// Example (std::shared_ptr<control::RecordingStream> stream):
//   for (;;) {
//     CO_TRY_ASSIGN(const auto piece, co_await stream->next());
//     if (!piece) co_return Result<>{};
//   }

#include <memory>
#include <string>

#include "control/streams.hpp"
#include "control/target.hpp"

namespace berth::control {

enum class RecordingFormat { Cast2, Cast3, Text, Raw, Html };  // asciicast 2 and 3; terminals/recording.hpp says what each holds

// A place in the output: "4096" an offset, "cmd:12" where the output of command 12 begins (as an end: where it ends), "90s",
// "1h5m" so long after the beginning, or a moment in RFC 3339. "" is the oldest byte that is kept, or the present end.
struct ExportTerminal {
  TerminalTarget terminal;
  RecordingFormat format = RecordingFormat::Cast2;
  std::string from, to;
  bool input = false;  // of casts: with what was typed, where that was kept
};

// A terminal that has ended, made of an asciicast. It is in a sandbox of its own, that has stopped and never ran.
struct ImportRecording {
  std::string name;  // of that sandbox; "" picks a readable one
  std::string cast;
};

class RecordingStream : public PieceStream {
 public:
  [[nodiscard]] virtual RecordingFormat format() const = 0;
};

}  // namespace berth::control
