#include "journal/search.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstring>

#include "journal/clean_line.hpp"

namespace berth::journal {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_missing = 100;
constexpr std::size_t max_history_bytes = 256 << 10;
constexpr std::int64_t expression_memory_bytes = 8 << 20;

class Expression {
 public:
  static Result<std::unique_ptr<RE2>> compile(const SearchOptions& options) {
    if (options.pattern.size() > max_pattern_bytes)
      return fail(Code::TooLarge, fmt::format("The pattern has {} bytes; the limit is {}.", options.pattern.size(), max_pattern_bytes));
    RE2::Options how;
    how.set_log_errors(false);
    how.set_literal(options.literal);
    how.set_case_sensitive(!options.ignore_case);
    how.set_max_mem(expression_memory_bytes);
    how.set_encoding(options.raw ? RE2::Options::EncodingLatin1 : RE2::Options::EncodingUTF8);
    auto made = std::make_unique<RE2>(options.pattern, how);
    if (!made->ok()) return fail(Code::InvalidArgument, fmt::format("The expression is not valid: {}.", made->error()));
    return made;
  }
};

bool is_special(char c) { return std::strchr("\\^$.|?*+()[]{}", c) != nullptr; }
bool is_text(char c, Spaces spaces) { return (c > ' ' && c < 0x7f) || (c == ' ' && spaces == Spaces::Within); }

std::string longest_text(std::string_view literal, Spaces spaces) {
  std::string_view best;
  for (std::size_t at = 0; at < literal.size();) {
    const auto end = std::find_if_not(literal.begin() + static_cast<std::ptrdiff_t>(at), literal.end(), [spaces](char c) { return is_text(c, spaces); });
    const std::size_t length = static_cast<std::size_t>(end - literal.begin()) - at;
    if (length > best.size()) best = literal.substr(at, length);
    at += length + 1;
  }
  return std::string(best);
}

// Goes through blocks of whole lines.
class Searcher {
 public:
  Searcher(const SearchOptions& options, const RE2& expression, const std::function<bool(const Line&)>& give)
      : options_(options), expression_(expression), give_(give), deadline_(Clock::now() + options.time_limit) {
    if (options.ignore_case) return;
    const auto needed = [&](Spaces spaces) {
      return options.literal ? longest_text(options.pattern, spaces) : required_text(options.pattern, spaces);
    };
    if (auto text = needed(Spaces::Apart); !text.empty()) apart_.emplace(std::move(text));
    if (auto text = needed(Spaces::Within); !text.empty()) within_.emplace(std::move(text));
  }

  Result<SearchEnd> run(Cursor cursor);

 private:
  using Stopped = SearchEnd::Stopped;
  struct Mark { std::size_t at; WallTime time; };  // the bytes from here in the block were written then

  bool add(const Piece& piece);        // false: stop
  bool end_of_text();                  // the last line, with or without a line feed
  bool look(std::size_t to);           // at the whole lines of the block up to here
  bool look_at_line(std::size_t begin, std::size_t end, bool context);
  std::string_view cleaned(std::string_view line);
  bool give_before(std::size_t begin);
  bool give_line(std::size_t begin, std::size_t end, bool match);
  void drop_front();
  void missing(ByteOffset begin, ByteOffset end);
  bool stop(Stopped why) { result_.stopped = why; return false; }
  [[nodiscard]] std::size_t line_end(std::size_t from, std::size_t limit) const;
  [[nodiscard]] std::size_t line_begin(std::size_t at, std::size_t least) const;
  [[nodiscard]] ByteOffset offset_of(std::size_t at) const { return base_ + at; }

  const SearchOptions& options_;
  const RE2& expression_;
  const std::function<bool(const Line&)>& give_;
  Clock::time_point deadline_;
  std::optional<LineFilter> apart_, within_;  // what the pattern needs; with spaces where none is made of a control
  std::string block_;            // history, then lines, then a line that has no end yet
  ByteOffset base_;              // of the block's first byte
  std::size_t done_ = 0;         // looked at, up to here
  std::size_t given_ = 0;        // given out, up to here
  std::size_t after_left_ = 0;   // lines of context that are still due
  std::vector<Mark> marks_;
  std::string clean_;
  std::uint32_t lines_ = 0;
  SearchEnd result_;
};

Result<SearchEnd> Searcher::run(Cursor cursor) {
  result_.next = base_ = cursor.offset();
  for (bool going = true; going;) {
    auto piece = cursor.next(max_payload_bytes);
    if (!piece && piece.error().code == Code::Damaged) {
      const ByteOffset lost = cursor.offset();
      auto goes_on = cursor.skip_damage();
      going = end_of_text();
      if (going && goes_on) missing(lost, *goes_on);
      if (!goes_on) break;  // nothing good follows
      continue;
    }
    if (!piece) return pass(std::move(piece).error());
    if (!*piece || (options_.to && (*piece)->offset >= *options_.to)) {
      end_of_text();
      break;
    }
    if ((*piece)->kind == Kind::Gap) {
      going = end_of_text();
      if (going) missing((*piece)->offset, (*piece)->end);
    } else if (is_bytes((*piece)->kind)) {
      if (options_.to && (*piece)->end > *options_.to)
        (*piece)->data = (*piece)->data.substr(0, *options_.to - (*piece)->offset);
      going = add(**piece);
    }
  }
  result_.next = offset_of(done_);
  return std::move(result_);
}

void Searcher::missing(ByteOffset begin, ByteOffset end) {
  if (result_.missing.size() < max_missing) result_.missing.push_back({begin, end});
  else result_.missing.back().end = end;
  block_.clear();
  marks_.clear();
  done_ = given_ = 0;
  base_ = end;
}

bool Searcher::add(const Piece& piece) {
  if (block_.empty()) base_ = piece.offset;
  marks_.push_back({block_.size(), piece.time});
  const std::size_t fresh = block_.size();
  block_.append(piece.data);
  result_.bytes += piece.data.size();
  if (block_.size() - done_ < search_block_bytes) return true;
  const void* last = ::memrchr(block_.data() + fresh, '\n', block_.size() - fresh);
  if (last == nullptr) last = ::memrchr(block_.data() + done_, '\n', fresh - done_);
  if (last != nullptr) {
    if (!look(static_cast<std::size_t>(static_cast<const char*>(last) - block_.data()) + 1)) return false;
  }
  while (block_.size() - done_ > options_.max_line_bytes)  // a line without end is searched in parts
    if (!look(done_ + options_.max_line_bytes)) return false;
  drop_front();
  return true;
}

bool Searcher::end_of_text() { return look(block_.size()); }

// Keeps what context may still be taken from.
void Searcher::drop_front() {
  std::size_t keep = done_;
  for (std::uint32_t lines = 0; lines < options_.before && keep > given_ && done_ - keep < max_history_bytes; ++lines)
    keep = line_begin(keep - 1, given_);
  if (keep == 0) return;
  block_.erase(0, keep);
  base_ += keep;
  done_ -= keep;
  given_ -= std::min(given_, keep);
  const auto first = std::ranges::upper_bound(marks_, keep, {}, &Mark::at);
  marks_.erase(marks_.begin(), first == marks_.begin() ? first : std::prev(first));
  for (Mark& mark : marks_) mark.at -= std::min(mark.at, keep);
}

std::size_t Searcher::line_end(std::size_t from, std::size_t limit) const {
  const void* found = std::memchr(block_.data() + from, '\n', limit - from);
  return found == nullptr ? limit : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data()) + 1;
}

// Of the line that this byte is in.
std::size_t Searcher::line_begin(std::size_t at, std::size_t least) const {
  const void* found = at > least ? ::memrchr(block_.data() + least, '\n', at - least) : nullptr;
  return found == nullptr ? least : static_cast<std::size_t>(static_cast<const char*>(found) - block_.data()) + 1;
}

bool Searcher::look(std::size_t to) {
  if (Clock::now() > deadline_) return stop(Stopped::Time);
  const std::string_view lines = std::string_view(block_).substr(0, to);
  std::optional<LineFilter>& filter = within_ && (options_.raw || !has_odd_control(lines.substr(done_))) ? within_ : apart_;
  if (filter) filter->begin(lines);
  while (done_ < to) {
    std::size_t begin = done_;
    if (after_left_ == 0 && filter) {
      const std::size_t candidate = filter->next(done_);
      if (candidate == std::string_view::npos) {
        done_ = to;
        break;
      }
      begin = line_begin(candidate, done_);
    }
    const std::size_t end = line_end(begin, to);
    const bool context = after_left_ > 0;
    if (context) --after_left_;
    if (!look_at_line(begin, end, context)) return false;
    done_ = end;
    if (result_.matches >= options_.max_matches && after_left_ == 0) return stop(Stopped::Matches);
    if ((++lines_ & 1023) == 0 && Clock::now() > deadline_) return stop(Stopped::Time);
  }
  return true;
}

std::string_view Searcher::cleaned(std::string_view line) {
  if (options_.raw) return line;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!has_control(line)) return line;
  clean_.clear();
  append_clean(clean_, line);
  return clean_;
}

bool Searcher::look_at_line(std::size_t begin, std::size_t end, bool context) {
  std::string_view text = std::string_view(block_).substr(begin, end - begin);
  if (text.ends_with('\n')) text.remove_suffix(1);
  text = cleaned(text);
  const re2::StringPiece all(text.data(), text.size());
  const bool match = result_.matches < options_.max_matches &&
                     expression_.Match(all, 0, all.size(), RE2::UNANCHORED, nullptr, 0);
  if (!match) return context ? give_line(begin, end, false) : true;
  ++result_.matches;
  after_left_ = options_.after;
  return give_before(begin) && give_line(begin, end, true);
}

bool Searcher::give_before(std::size_t begin) {
  std::size_t first = begin;
  for (std::uint32_t lines = 0; lines < options_.before && first > given_; ++lines) first = line_begin(first - 1, given_);
  while (first < begin) {
    const std::size_t end = line_end(first, begin);
    if (!give_line(first, end, false)) return false;
    first = end;
  }
  return true;
}

bool Searcher::give_line(std::size_t begin, std::size_t end, bool match) {
  std::string_view text = std::string_view(block_).substr(begin, end - begin);
  if (text.ends_with('\n')) text.remove_suffix(1);
  text = cleaned(text);
  Line line{.offset = offset_of(begin), .end = offset_of(end), .text = text, .match = match};
  const auto mark = std::ranges::upper_bound(marks_, begin, {}, &Mark::at);
  if (mark != marks_.begin()) line.time = std::prev(mark)->time;
  if (match) {
    const re2::StringPiece all(text.data(), text.size());
    re2::StringPiece found;
    if (expression_.Match(all, 0, all.size(), RE2::UNANCHORED, &found, 1)) {
      line.match_begin = static_cast<std::size_t>(found.data() - text.data());
      line.match_end = line.match_begin + found.size();
    }
  }
  given_ = end;
  return give_(line) || stop(Stopped::Caller);
}

}  // namespace

// ---- what a pattern needs ----

// Careful rather than clever: only characters that stand for themselves at the top level count, and any sign of a choice or
// of flags means that nothing is known.
std::string required_text(std::string_view pattern, Spaces spaces) {
  std::string best, run;
  const auto end_run = [&] {
    if (run.size() > best.size()) best = run;
    run.clear();
  };
  std::size_t depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '|' || (c == '(' && i + 1 < pattern.size() && pattern[i + 1] == '?')) return {};
    if (c == '(') ++depth;
    if (c == ')' && depth > 0) --depth;
    bool itself = depth == 0 && !is_special(c);
    if (c == '\\' && i + 1 < pattern.size()) {
      c = pattern[++i];
      if (c == 'Q' || c == 'E') return {};
      if (!is_text(c, spaces) || std::isalnum(static_cast<unsigned char>(c)) != 0) {  // a class, an anchor or a coded character
        if (std::strchr("bBdDsSwWAz", c) == nullptr) return {};
        end_run();
        continue;
      }
      itself = depth == 0;
    } else if (c == '[') {
      const std::size_t close = pattern.find(']', i + (pattern.substr(i).starts_with("[^") ? 3 : 2));
      if (close == std::string_view::npos || pattern.substr(i, close - i).find("[:") != std::string_view::npos) return {};
      if (pattern.substr(i, close - i).find('\\') != std::string_view::npos) return {};
      i = close;
      itself = false;
    } else if (c == '{' || c == '*' || c == '?') {  // what stands before may be absent
      if (!run.empty()) run.pop_back();
    }
    if (itself && is_text(c, spaces)) run.push_back(c);
    else end_run();
  }
  end_run();
  return best;
}

Result<SearchEnd> search(const std::filesystem::path& dir, const Key& key, const SearchOptions& options,
                         const std::function<bool(const Line&)>& give) {
  if (std::max(options.before, options.after) > max_context_lines)
    return fail(Code::TooLarge, fmt::format("More than {} lines of context were asked for.", max_context_lines));
  TRY_ASSIGN(const auto expression, Expression::compile(options));
  ByteOffset from;
  if (options.from) {
    from = *options.from;
  } else {
    TRY_ASSIGN(const auto names, list_segments(dir));
    if (!names.empty()) from = names.front().first;
  }
  TRY_ASSIGN(auto cursor, Cursor::open(dir, from, key));
  return Searcher(options, *expression, give).run(std::move(cursor));
}

}  // namespace berth::journal
