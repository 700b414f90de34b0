#pragma once
// grep through a whole journal: lines that match an expression, with the lines around them.
//
// Problem: a gigabyte of output must be searched in about a second, in bounded memory, with a pattern that a stranger wrote.
// The expression is RE2's: it takes time in proportion to the text, whatever it is. Where it needs some text to match, that
// text is looked for first (journal/clean_line.hpp). A line is what ends with a line feed; one longer than max_line_bytes is
// searched in parts. What could not be read is told as a range and passed over.
// Owner: nothing outlives the call but what it returns. Thread: blocks; for a pool. Limits: memory is a block of
// search_block_bytes, the context, max_line_bytes and 8 MiB for the expression.
// Errors: InvalidArgument (the expression, with RE2's own words); TooLarge (expression, context); those of a Cursor.
//
// Source: RE2 (github.com/google/re2/wiki/Syntax).
//
// Example (const std::filesystem::path& dir, const journal::Key& key):
//   TRY_ASSIGN(const auto end, journal::search(dir, key, {.pattern = "fail(ed|ure)", .after = 2},
//                                              [](const journal::Line& line) { return line.text.size() < 1000; }));
//   if (end.stopped == journal::SearchEnd::Stopped::Time) ByteOffset go_on_from = end.next;

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "journal/cursor.hpp"
#include "journal/key.hpp"

namespace berth::journal {

inline constexpr std::size_t search_block_bytes = 256 << 10;
inline constexpr std::size_t max_pattern_bytes = 4096;
inline constexpr std::uint32_t max_context_lines = 1000;

struct SearchOptions {
  std::string pattern;
  bool literal = false;       // the pattern is text, no expression
  bool ignore_case = false;
  bool raw = false;           // the bytes as they are; else as a person reads them (append_clean)
  std::uint32_t before = 0;   // lines of context
  std::uint32_t after = 0;
  std::optional<ByteOffset> from;  // absent: the oldest that is kept
  std::optional<ByteOffset> to;    // absent: the present end
  std::uint64_t max_matches = UINT64_MAX;
  std::size_t max_line_bytes = 64 << 10;
  std::chrono::milliseconds time_limit{10'000};
};

struct Line {
  ByteOffset offset;      // of its first byte
  ByteOffset end;         // behind its line feed
  WallTime time;          // when its first byte was written
  std::string_view text;  // without the line feed; valid during the call
  bool match = false;     // else context
  std::size_t match_begin = 0, match_end = 0;  // in the text
};

struct SearchEnd {
  enum class Stopped { End, Matches, Time, Caller };
  Stopped stopped = Stopped::End;
  ByteOffset next;             // of the first line that was not looked at
  std::uint64_t matches = 0;
  std::uint64_t bytes = 0;     // that were looked at
  std::vector<Range> missing;  // removed or damaged within what was searched; at most 100, the last one grows
};

// Lines in order; `give` returns false to stop.
Result<SearchEnd> search(const std::filesystem::path& dir, const Key& key, const SearchOptions& options,
                         const std::function<bool(const Line&)>& give);

enum class Spaces { Apart, Within };
// Text that every match has in it, with spaces or without: what is looked for first. Empty when the pattern does not say.
[[nodiscard]] std::string required_text(std::string_view pattern, Spaces spaces = Spaces::Apart);

}  // namespace berth::journal
