#include <algorithm>
#include <charconv>

#include "base/utf8.hpp"
#include "control/looking_back.hpp"
#include "journal/search.hpp"

namespace berth::control {
namespace {

using Clock = std::chrono::steady_clock;
using Stopped = journal::SearchEnd::Stopped;

constexpr std::size_t line_bytes = 16 << 10;  // of text in an answer; longer lines are shown from their match on

struct Place {
  std::size_t terminal = 0;  // index
  std::optional<ByteOffset> from;
};

std::string cursor_of(const TerminalId& terminal, ByteOffset offset) {
  return terminal.str() + ":" + std::to_string(offset.value);
}

Result<Place> place_of(const Grep& wanted, const std::vector<TerminalId>& terminals) {
  if (wanted.cursor.empty()) return Place{.from = wanted.from};
  const auto colon = wanted.cursor.find(':');
  const auto found = std::ranges::find(terminals, std::string_view(wanted.cursor).substr(0, colon), &TerminalId::str);
  std::uint64_t offset = 0;
  bool good = found != terminals.end() && colon != std::string::npos;
  if (good) {
    const char* end = wanted.cursor.data() + wanted.cursor.size();
    const auto [stop, error] = std::from_chars(wanted.cursor.data() + colon + 1, end, offset);
    good = error == std::errc{} && stop == end;
  }
  if (!good) return fail(Code::InvalidArgument, "The cursor is not one of this list.", "Pass `next` of the page before, unchanged.");
  return Place{static_cast<std::size_t>(found - terminals.begin()), ByteOffset{offset}};
}

// The match stays whole where it fits; what is cut away is not told, the offset leads to it.
GrepLine line_of(const TerminalId& terminal, const journal::Line& line) {
  std::size_t begin = line.match ? line.match_begin : 0, end = line.match ? line.match_end : 0;
  std::size_t first = 0;
  if (line.text.size() > line_bytes && end > line_bytes) first = std::min(begin, line.text.size() - line_bytes);
  const std::string_view shown = line.text.substr(first, line_bytes);
  begin = std::min(begin - first, shown.size());
  end = std::min(end - first, shown.size());
  GrepLine out{.terminal = terminal, .offset = line.offset, .end = line.end, .time = line.time,
               .text = to_utf8(shown.substr(0, begin)), .match = line.match, .command = {}};
  out.match_begin = out.text.size();
  out.text += to_utf8(shown.substr(begin, end - begin));
  out.match_end = out.text.size();
  out.text += to_utf8(shown.substr(end));
  if (!line.match) out.match_begin = out.match_end = 0;
  return out;
}

class Page {
 public:
  Page(const Domain& domain, const Grep& wanted)
      : domain_(domain), wanted_(wanted), until_(Clock::now() + domain.parts.settings.journal_grep) {}

  // False: the page is full, or time is over.
  Result<bool> add(const TerminalId& terminal, std::optional<ByteOffset> from) {
    const auto dir = domain_.parts.home / "terminals" / terminal.str();
    journal::Key key;
    if (domain_.parts.machine_keys != nullptr) {
      TRY_ASSIGN(key, journal::load_key(dir, *domain_.parts.machine_keys));
    }
    if (from && !wanted_.cursor.empty()) {  // the journal's limit may have taken what was to come next
      TRY_ASSIGN(const auto kept, journal::range(dir, key));
      from = std::clamp(*from, kept.begin, kept.end);
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
    if (left.count() <= 0) {
      page.next = cursor_of(terminal, from.value_or(ByteOffset{}));
      return false;
    }
    auto found = journal::search(dir, key, options(from, left), [&](const journal::Line& line) { return take(terminal, line); });
    if (!found) return std::unexpected(std::move(found).error());
    if (found->stopped == Stopped::Caller)  // context of a match that the next page gives
      while (!page.lines.empty() && page.lines.back().terminal == terminal && page.lines.back().offset >= found->next) page.lines.pop_back();
    page.matches = 0;
    for (const auto& line : page.lines) page.matches += line.match ? 1 : 0;
    page.bytes += found->bytes;
    for (const auto& range : found->missing)
      if (page.missing.size() < most_missing) page.missing.push_back({terminal, range.begin, range.end});
    if (found->stopped == Stopped::End) return true;
    page.next = cursor_of(terminal, found->next);
    return false;
  }

  GrepPage page;

 private:
  static constexpr std::size_t most_missing = 100;

  [[nodiscard]] journal::SearchOptions options(std::optional<ByteOffset> from, std::chrono::milliseconds left) const {
    return {.pattern = wanted_.pattern, .literal = wanted_.literal, .ignore_case = wanted_.ignore_case,
            .before = wanted_.before, .after = wanted_.after, .from = from, .to = wanted_.to,
            .max_matches = wanted_.limit - page.matches, .time_limit = left};
  }
  bool take(const TerminalId& terminal, const journal::Line& line) {
    if (!page.lines.empty() && bytes_ + line.text.size() > domain_.parts.settings.journal_grep_bytes) return false;
    page.lines.push_back(line_of(terminal, line));
    bytes_ += page.lines.back().text.size();
    return true;
  }

  const Domain& domain_;
  const Grep& wanted_;
  Clock::time_point until_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<GrepPage> grep_page(const Domain& domain, const Grep& wanted, const std::vector<TerminalId>& terminals) {
  TRY_ASSIGN(auto place, place_of(wanted, terminals));
  Page page(domain, wanted);
  for (; place.terminal < terminals.size(); ++place.terminal) {
    const auto more = page.add(terminals[place.terminal], std::exchange(place.from, std::nullopt));
    if (!more && more.error().code == Code::NotFound) continue;  // nothing was printed, or it is no longer kept
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (page.page.matches >= wanted.limit && place.terminal + 1 < terminals.size()) {
      page.page.next = cursor_of(terminals[place.terminal + 1], ByteOffset{});
      break;
    }
  }
  return std::move(page.page);
}

}  // namespace berth::control
