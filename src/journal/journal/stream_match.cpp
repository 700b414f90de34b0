#include "journal/stream_match.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "journal/search.hpp"

namespace berth::journal {
namespace {
constexpr std::int64_t expression_memory_bytes = 8 << 20;
}  // namespace

class StreamMatch::Expression {
 public:
  Expression(const std::string& pattern, const RE2::Options& options) : re2(pattern, options) {}
  RE2 re2;
};

StreamMatch::StreamMatch(std::unique_ptr<Expression> expression) : expression_(std::move(expression)) {}
StreamMatch::StreamMatch(StreamMatch&&) noexcept = default;
StreamMatch& StreamMatch::operator=(StreamMatch&&) noexcept = default;
StreamMatch::~StreamMatch() = default;

Result<StreamMatch> StreamMatch::open(const std::string& pattern) {
  if (pattern.size() > max_pattern_bytes)
    return fail(Code::TooLarge, fmt::format("The pattern has {} bytes; the limit is {}.", pattern.size(), max_pattern_bytes));
  RE2::Options how;
  how.set_log_errors(false);
  how.set_max_mem(expression_memory_bytes);
  auto expression = std::make_unique<Expression>(pattern, how);
  if (!expression->re2.ok())
    return fail(Code::InvalidArgument, fmt::format("The expression is not valid: {}.", expression->re2.error()));
  return StreamMatch(std::move(expression));
}

std::optional<StreamMatch::Match> StreamMatch::feed(ByteOffset from, std::string_view bytes) {
  if (begin_ + window_.size() != from) {
    window_.clear();
    begin_ = from;
  }
  while (!bytes.empty()) {  // pieces of half a window: a match within half of one is never cut
    const std::string_view piece = bytes.substr(0, window_bytes / 2);
    bytes.remove_prefix(piece.size());
    if (window_.size() + piece.size() > window_bytes) {
      const std::size_t gone = window_.size() + piece.size() - window_bytes;
      window_.erase(0, gone);
      begin_ = begin_ + gone;
    }
    window_ += piece;
    if (auto found = find()) return found;
  }
  return std::nullopt;
}

std::optional<StreamMatch::Match> StreamMatch::find() const {
  re2::StringPiece text(window_.data(), window_.size()), match;
  if (!expression_->re2.Match(text, 0, text.size(), RE2::UNANCHORED, &match, 1)) return std::nullopt;
  const auto at = static_cast<std::size_t>(match.data() - window_.data());
  return Match{begin_ + at, begin_ + (at + match.size()), std::string(match.data(), match.size())};
}

}  // namespace berth::journal
