#pragma once
// One line of terminal output as a person reads it: without escape sequences, controls as spaces.
//
// Problem: a search must find "error" in a line that colours it, also when the colour changes within the word, at the speed
// of memory. A line is seen alone: a sequence that its line does not end ends with it, so no state goes from line to line.
// A carriage return at the end is dropped; any other control but tab is a space, so progress bars keep their words apart.
//
// Pure functions. Sequences: ECMA-48 section 5.4 (CSI), 5.6 (OSC, DCS, SOS, PM, APC, ended by ST or BEL), 7-bit forms only,
// since the 8-bit ones are parts of UTF-8 characters.
//
// Example (std::string_view block):
//   journal::LineFilter filter("error");
//   filter.begin(block);
//   const std::size_t at = filter.next(0);  // npos: no line of the block has it
//   (void)at;

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::journal {

// Appends; `line` has no line feed.
void append_clean(std::string& out, std::string_view line);
[[nodiscard]] bool has_control(std::string_view line);  // else it is clean as it is
// Whether `lines` have a control that becomes a space: any but escape, tab, line feed and a carriage return before one.
[[nodiscard]] bool has_odd_control(std::string_view lines);
// Length of the sequence that begins with the ESC at the front of `line`.
[[nodiscard]] std::size_t escape_length(std::string_view line);

// Finds where a text may stand in output that is not cleaned yet: at itself, or at an escape sequence that may stand within
// it. Never misses a line whose clean form has the text; may name one that has not.
class LineFilter {
 public:
  explicit LineFilter(std::string text);  // printable ASCII; with spaces only for blocks without odd controls
  // The block is given anew with each begin(); next() gives a position at or after `from`, npos when there is none.
  void begin(std::string_view block);
  std::size_t next(std::size_t from);

 private:
  std::size_t next_split(std::size_t from);

  std::string text_;
  std::array<std::uint64_t, 256> before_{}, behind_{};  // bit k: the character may stand before, behind a cut at k
  std::string_view block_;
  std::size_t whole_ = 0, split_ = 0;  // the next of each kind, once looked for
  bool whole_known_ = false, split_known_ = false;
};

}  // namespace berth::journal
