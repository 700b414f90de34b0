// The cursor, scrolling, and what is saved of it.
#include <algorithm>

#include "vt/engine.hpp"

namespace berth::vt {

void Engine::execute(unsigned char control) {
  last_width_ = 0;
  switch (control) {
    case '\b': backspace(); break;
    case '\t': tab(1); break;
    case '\n':
    case '\v':
    case '\f': line_feed(); break;
    case '\r': x = 0; break;
    case 0x0E: charsets.active = 1; break;
    case 0x0F: charsets.active = 0; break;
    default: break;
  }
}

void Engine::line_feed() {
  Surface& surface = active();
  if (modes[Mode::NewLine]) x = 0;
  if (y == surface.bottom) {
    scroll_region_up(1, blank_id(), true);
  } else if (y < rows() - 1) {
    surface.grid.set_continues(++y, false);
  }
  if (x >= cols()) x = cols() - 1;
}

void Engine::index() {
  restrict_cursor();
  if (y == active().bottom) {
    scroll_region_up(1, blank_id(), true);
  } else if (y < rows() - 1) {
    ++y;
  }
  restrict_cursor();
}

void Engine::reverse_index() {
  restrict_cursor();
  if (y == active().top) {
    scroll_region_down(1, blank_id());
  } else {
    --y;
    restrict_cursor();
  }
}

void Engine::backspace() {
  if (!modes[Mode::ReverseWrap]) {
    restrict_cursor();
    if (x > 0) --x;
    return;
  }
  restrict_cursor(cols());
  const Surface& surface = active();
  if (x > 0) {
    --x;
  } else if (y > surface.top && y <= surface.bottom && surface.grid.continues(y)) {
    active().grid.set_continues(y, false);
    --y;
    x = cols() - 1;
    if (cell::is_blank(surface.grid.text(y)[x])) --x;  // a wide character had wrapped early
  }
  restrict_cursor();
}

void Engine::tab(int count) {
  const auto& tabs = active().tabs;
  for (; count > 0 && x < cols() - 1; --count) do
      ++x;
    while (x < cols() - 1 && !tabs[static_cast<std::size_t>(x)]);
}

void Engine::back_tab(int count) {
  if (x >= cols()) return;
  const auto& tabs = active().tabs;
  for (; count > 0 && x > 0; --count) do
      --x;
    while (x > 0 && !tabs[static_cast<std::size_t>(x)]);
}

void Engine::restrict_cursor(int last_column) {
  const Surface& surface = active();
  x = std::clamp(x, 0, last_column);
  y = modes[Mode::Origin] ? std::clamp(y, surface.top, surface.bottom) : std::clamp(y, 0, rows() - 1);
}

void Engine::set_cursor(int column, int row) {
  x = column;
  y = modes[Mode::Origin] ? active().top + row : row;
  restrict_cursor();
}

void Engine::move_cursor(int columns, int lines) {
  restrict_cursor();
  x += columns;
  y += lines;
  restrict_cursor();
}

void Engine::cursor_up(int lines) {
  const int room = y - active().top;
  move_cursor(0, -(room >= 0 ? std::min(room, lines) : lines));
}

void Engine::cursor_down(int lines) {
  const int room = active().bottom - y;
  move_cursor(0, room >= 0 ? std::min(room, lines) : lines);
}

// `keep`: what leaves the top of the primary screen goes into the scrollback.
void Engine::scroll_region_up(int count, StyleId blank, bool keep) {
  Surface& surface = active();
  if (keep && !alternate && surface.top == 0 && scrollback_limit > 0) push_history();
  surface.grid.scroll_up(surface.top, surface.bottom, count, blank);
  first_row_begins();
}

void Engine::scroll_region_down(int count, StyleId blank) {
  active().grid.scroll_down(active().top, active().bottom, count, blank);
}

// The first line that is kept continues none.
void Engine::first_row_begins() {
  if (alternate || history.empty()) active().grid.set_continues(0, false);
}

void Engine::save_cursor() {
  SavedCursor& saved = active().saved;
  saved = {.x = std::min(x, cols() - 1), .y = y, .pen = pen, .charsets = charsets, .origin = modes[Mode::Origin]};
  saved.pen.link = 0;
}

void Engine::restore_cursor() {
  const SavedCursor& saved = active().saved;
  const std::uint16_t link = pen.link;
  x = saved.x;
  y = saved.y;
  pen = saved.pen;
  pen.link = link;
  pen_changed_ = true;
  charsets = saved.charsets;
  modes.set(Mode::Origin, saved.origin);
  restrict_cursor();
}

void Engine::set_scroll_region(const Sequence& sequence) {
  const int top = sequence.number(0, 1);
  int bottom = sequence.number(1, rows());
  if (bottom > rows()) bottom = rows();
  if (bottom <= top) return;
  active().top = top - 1;
  active().bottom = bottom - 1;
  set_cursor(0, 0);
}

}  // namespace berth::vt
