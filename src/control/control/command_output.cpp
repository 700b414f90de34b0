#include <algorithm>

#include "control/looking_back.hpp"
#include "journal/cursor.hpp"
#include "vt/screen.hpp"

namespace berth::control {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

Result<journal::Key> key_of(const Domain& domain, const std::filesystem::path& dir) {
  if (domain.parts.machine_keys == nullptr) return journal::Key();
  return journal::load_key(dir, *domain.parts.machine_keys);
}

// What is kept of [out.from, out.end); what is missing makes it incomplete.
Result<> read_kept(const std::filesystem::path& dir, const journal::Key& key, CommandOutput& out) {
  TRY_ASSIGN(const auto kept, journal::range(dir, key));
  if (out.from < kept.begin) {
    out.complete = false;
    out.from = std::min(kept.begin, out.end);
  }
  out.end = std::min(out.end, kept.end);
  if (out.from >= out.end) return {};
  TRY_ASSIGN(auto cursor, journal::Cursor::open(dir, out.from, key));
  while (cursor.offset() < out.end) {
    auto piece = cursor.next(piece_bytes);
    if (!piece && piece.error().code == Code::Damaged) {
      out.complete = false;
      TRY(cursor.skip_damage());
      continue;
    }
    if (!piece) return std::unexpected(std::move(piece).error());
    if (!*piece) return {};
    if ((*piece)->kind == journal::Kind::Gap) out.complete = false;
    if (!journal::is_bytes((*piece)->kind) || (*piece)->offset >= out.end) continue;
    out.data += (*piece)->data.substr(0, out.end - (*piece)->offset);
  }
  return {};
}

struct Rendered {
  std::string text;
  bool complete = true;
};

// As lines of a terminal that is as wide as this one was. Whole lines only are fed where lines are too many; a few bytes
// may make many lines, of which the last are kept.
Rendered rendered(std::string_view bytes, TerminalSize size, std::size_t most_lines) {
  vt::Screen screen({.size = vt::Screen::clamp(size), .scrollback_lines = static_cast<std::uint32_t>(most_lines)});
  screen.feed(bytes);
  (void)screen.take_replies();  // they were given when the program asked
  return {vt::text(screen, {.scrollback = true, .unwrap = true}), !screen.scrollback_dropped()};
}

}  // namespace

std::string_view first_lines(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return text.substr(0, at);
}

std::string_view last_lines(std::string_view text, std::size_t count) {
  std::size_t at = text.size();
  for (; count > 0 && at > 0; --count) {
    const auto before = at > 1 ? text.rfind('\n', at - 2) : std::string_view::npos;
    at = before == std::string_view::npos ? 0 : before + 1;
  }
  return text.substr(at);
}

Result<CommandOutput> command_output(const Domain& domain, const OutputWanted& wanted) {
  const auto dir = domain.parts.home / "terminals" / wanted.terminal.str();
  const std::uint64_t most = domain.parts.settings.terminal_answer_bytes;
  const std::size_t lines = domain.parts.settings.terminal_answer_lines;
  TRY_ASSIGN(const auto key, key_of(domain, dir));
  CommandOutput out{.form = wanted.form, .from = wanted.from, .end = std::max(wanted.from, wanted.end), .data = {}};
  if (out.end - out.from > most) {
    out.complete = false;
    if (wanted.tail) out.from = {out.end.value - most};
    else out.end = out.from + most;
  }
  TRY(read_kept(dir, key, out));
  const std::string_view all = out.data;
  const std::string_view part = wanted.tail ? last_lines(all, lines) : first_lines(all, lines);
  if (part.size() < all.size()) {
    out.complete = false;
    if (wanted.tail) out.from = {out.end.value - part.size()};
    else out.end = out.from + part.size();
  }
  auto [text, complete] =
      wanted.form == GetCommandOutput::Form::Raw ? Rendered{std::string(part)} : rendered(part, wanted.size, lines);
  if (!complete) out.complete = false;
  if (wanted.head) text.resize(first_lines(text, *wanted.head).size());
  if (wanted.tail) text.erase(0, text.size() - last_lines(text, *wanted.tail).size());
  out.data = std::move(text);
  return out;
}

}  // namespace berth::control
