#pragma once
// A regular expression over output that comes in pieces: what a wait for a pattern is made of.
//
// Problem: the text that somebody waits for is split by reads at any place, and the pattern comes from a stranger. The
// expression is RE2's, so that time is in proportion to the text. Kept is the last `window_bytes` of output: a match that
// is longer is not found. The bytes are matched as programs wrote them, escape sequences included; lines end with CR LF,
// (?m)$ stands before the LF.
// Thread: one at a time. Errors: InvalidArgument (the expression, with RE2's own words), TooLarge (over max_pattern_bytes).
//
// Example (std::string_view output):
//   TRY_ASSIGN(auto matcher, journal::StreamMatch::open("done in [0-9]+ s"));
//   if (const auto match = matcher.feed(ByteOffset{0}, output)) ByteOffset where = match->begin;

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::journal {

class StreamMatch {
 public:
  static constexpr std::size_t window_bytes = 64 << 10;
  struct Match {
    ByteOffset begin, end;
    std::string text;
  };

  static Result<StreamMatch> open(const std::string& pattern);
  StreamMatch(StreamMatch&&) noexcept;
  StreamMatch& operator=(StreamMatch&&) noexcept;
  ~StreamMatch();

  // The first match in what was fed so far. Bytes that do not follow those before (a gap) begin anew.
  std::optional<Match> feed(ByteOffset from, std::string_view bytes);

 private:
  class Expression;
  explicit StreamMatch(std::unique_ptr<Expression> expression);
  std::optional<Match> find() const;

  std::unique_ptr<Expression> expression_;
  std::string window_;
  ByteOffset begin_;  // of the window
};

}  // namespace berth::journal
