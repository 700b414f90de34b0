#pragma once
// The screen of a terminal at an offset of its journal: from the nearest checkpoint, and what follows it. What was removed
// or is damaged in between makes the screen begin anew behind it: nothing is guessed.
//
// Blocks for the disk and computes (about 300 MB of output in a second): for a pool. Memory: one screen, one checkpoint,
// one chunk. Errors: NotFound (no journal), InvalidArgument (an offset that is not kept; names the range), Cancelled (`stop`),
// Timeout (`budget`), the journal's.
//
// Example (const std::filesystem::path& dir, const journal::Key& key):
//   TRY_ASSIGN(const auto now, terminals::screen_at({.journal = dir, .key = key, .size = {80, 24}}, std::nullopt));
//   const std::string stream = vt::redraw(now.screen);  // then the bytes from now.offset on

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "base/result.hpp"
#include "base/units.hpp"
#include "journal/key.hpp"
#include "vt/screen.hpp"

namespace berth::terminals {

struct ScreenSource {
  std::filesystem::path journal;
  journal::Key key;
  TerminalSize size;                       // when the journal does not tell it
  std::uint64_t checkpoint_bytes = 0;      // leave a checkpoint after so many bytes on the way; 0: none
  std::stop_token stop = {};               // gives up at the next piece
  std::chrono::milliseconds budget{0};     // longest time; what was computed until then is left as a checkpoint. 0: no limit
};

struct ScreenAt {
  vt::Screen screen;
  ByteOffset offset;                       // all output before it is on the screen
  std::uint64_t computed_bytes = 0;        // read for it
};

// `at` absent: the end that there is when it begins; who prints meanwhile is not followed.
[[nodiscard]] Result<ScreenAt> screen_at(const ScreenSource& source, std::optional<ByteOffset> at);

}  // namespace berth::terminals
