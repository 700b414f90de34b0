#include "control/screens.hpp"

#include "journal/checkpoints.hpp"
#include "journal/cursor.hpp"
#include "terminals/screen_at.hpp"

namespace berth::control {
namespace {

Result<terminals::ScreenSource> source_of(const Domain& domain, const store::TerminalRow& row) {
  terminals::ScreenSource source{.journal = domain.parts.home / "terminals" / row.id.str(), .key = {}, .size = row.size,
                                 .checkpoint_bytes = domain.parts.settings.terminal_checkpoint_bytes,
                                 .stop = domain.pool->stopping(), .budget = domain.parts.settings.terminal_screen};
  if (domain.parts.machine_keys == nullptr) return source;
  TRY_ASSIGN(source.key, journal::load_key(source.journal, *domain.parts.machine_keys));
  return source;
}

}  // namespace

Result<ScreenView> view_screen(const Domain& domain, const store::TerminalRow& row, ScreenFormat format, std::optional<ByteOffset> at) {
  TRY_ASSIGN(const auto source, source_of(domain, row));
  if (at) {
    TRY_ASSIGN(const auto kept, journal::range(source.journal, source.key));
    if (*at < kept.begin || *at > kept.end)
      return fail(Code::InvalidArgument, "Of the output only what is from " + std::to_string(kept.begin.value) + " to " +
                                             std::to_string(kept.end.value) + " is kept.");
  }
  TRY_ASSIGN(const auto now, terminals::screen_at(source, at));
  ScreenView view{.offset = now.offset, .size = now.screen.size(), .format = format, .data = {}};
  switch (format) {
    case ScreenFormat::Text: view.data = vt::text(now.screen); break;
    case ScreenFormat::Stream: view.data = vt::redraw(now.screen, {.reset = true}); break;
    case ScreenFormat::Json: view.data = vt::cells_json(now.screen); break;
    case ScreenFormat::Image: view.data = vt::svg(now.screen); break;
  }
  return view;
}

Result<vt::KeyModes> key_modes_now(const Domain& domain, const store::TerminalRow& row) {
  TRY_ASSIGN(const auto source, source_of(domain, row));
  TRY_ASSIGN(const auto now, terminals::screen_at(source, std::nullopt));
  return vt::key_modes(now.screen);
}

Result<> leave_checkpoints(const Domain& domain, const store::TerminalRow& row) {
  if (row.kind != store::TerminalKind::Pty) return {};
  TRY_ASSIGN(auto source, source_of(domain, row));
  source.budget /= 5;  // output that is dear to draw holds up nobody else's; the next look goes on
  TRY_ASSIGN(const auto range, journal::range(source.journal, source.key));
  TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(source.journal, source.key));
  TRY_ASSIGN(const auto all, checkpoints.list());
  const std::uint64_t last = all.empty() ? range.begin.value : all.back().value;
  if (range.end.value - std::min(last, range.end.value) < source.checkpoint_bytes) return {};
  const auto now = terminals::screen_at(source, std::nullopt);
  if (!now && now.error().code != Code::Timeout) return pass(now.error());
  return {};
}

}  // namespace berth::control
