// Modes, the alternate screen, resets.
#include <algorithm>

#include "vt/engine.hpp"

namespace berth::vt {

void Engine::set_modes(const Sequence& sequence, bool dec, bool on) {
  for (int i = 0; i < sequence.count; ++i) {
    if (sequence.params[i].sub) continue;
    const int number = sequence.params[i].value;
    if (dec) {
      set_dec_mode(number, on);
    } else if (const auto mode = find_mode(number, false)) {
      modes.set(*mode, on);
    }
  }
}

void Engine::set_dec_mode(int number, bool on) {
  if (const auto mode = find_mode(number, true)) {
    modes.set(*mode, on);
    if (*mode == Mode::Origin) set_cursor(0, 0);
    return;
  }
  if (std::ranges::find(mouse_tracking_modes, number) != mouse_tracking_modes.end()) {
    mouse_tracking = static_cast<std::uint16_t>(on ? number : 0);
  } else if (std::ranges::find(mouse_encoding_modes, number) != mouse_encoding_modes.end()) {
    mouse_encoding = static_cast<std::uint16_t>(on ? number : 0);
  }
  switch (number) {
    case 2:
      if (on) charsets.sets = Charsets{}.sets;
      break;
    case 47:
    case 1047: on ? enter_alternate() : leave_alternate(); break;
    case 1048: on ? save_cursor() : restore_cursor(); break;
    case 1049:
      if (on) {
        save_cursor();
        enter_alternate();
      } else {
        leave_alternate();
        restore_cursor();
      }
      break;
    default: break;
  }
}

// The alternate screen is new each time: cleared with the pen's background, no scroll region, tabs as after a reset.
void Engine::enter_alternate() {
  if (alternate) return;
  const StyleId blank = blank_id();
  alternate = std::make_unique<Surface>(size);
  if (blank != 0) clear_rows(0, rows() - 1, false);
  restrict_cursor();
}

void Engine::leave_alternate() {
  if (!alternate) return;
  alternate.reset();
  restrict_cursor();
}

void Engine::soft_reset() {
  for (const ModeInfo& info : mode_table)
    if (info.soft) modes.set(info.mode, info.initial);
  Surface& surface = active();
  surface.top = 0;
  surface.bottom = rows() - 1;
  surface.saved = {};
  surface.keyboard = {};
  modify_other_keys = 0;
  pen = {};
  pen_changed_ = true;
  charsets = {};
  cursor_style = 0;
}

void Engine::reset() {
  std::string kept = std::move(replies);
  Parser in_use = std::move(parser);  // it is calling
  *this = Engine(size, scrollback_limit);
  parser = std::move(in_use);
  replies = std::move(kept);
}

}  // namespace berth::vt
