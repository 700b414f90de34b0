// A new size: the primary screen and its scrollback are wrapped anew, the alternate screen is cut or grows, since its
// program draws it again.
#include <algorithm>

#include "vt/engine.hpp"
#include "vt/reflow.hpp"

namespace berth::vt {

void Engine::resize(TerminalSize to) {
  if (to == size) return;
  restrict_cursor();
  resize_primary(to);
  if (alternate) resize_alternate(to);
  size = to;
  styles.resize(std::size_t(to.cols) * to.rows);
  for (Surface* surface : {&primary, alternate.get()}) {
    if (!surface) continue;
    surface->top = 0;
    surface->bottom = to.rows - 1;
    const std::size_t before = surface->tabs.size();
    surface->tabs.resize(to.cols);
    set_default_tabs(surface->tabs, before);
    surface->saved.x = std::min<int>(surface->saved.x, to.cols - 1);
    surface->saved.y = std::min<int>(surface->saved.y, to.rows - 1);
  }
  restrict_cursor();
  last_width_ = 0;
}

// Text keeps its distance from the top of the screen; where lines become too many, the first go into the scrollback,
// and where the screen was full and grows, the last come back from there.
void Engine::resize_primary(TerminalSize to) {
  const Grid& old = primary.grid;
  int last = rows() - 1;
  const int cursor_row = alternate ? 0 : y;
  while (last > cursor_row && old.used(last) == 0 && !old.continues(last)) --last;

  std::vector<Line> lines;
  lines.reserve(history.size() + static_cast<std::size_t>(rows()));
  for (const std::string& line : history) lines.push_back(decode_line(line));
  const std::size_t before = lines.size();
  for (int row = 0; row <= last; ++row) lines.push_back(line(primary, row));
  std::vector<Place> places{{before, 0}, {before + static_cast<std::size_t>(cursor_row), alternate ? 0 : x}};
  lines = reflow(lines, cols(), to.cols, places);

  std::size_t top = places[0].line;
  const std::size_t wanted = to.rows;
  if (lines.size() - top > wanted || last == rows() - 1) top = lines.size() > wanted ? lines.size() - wanted : 0;
  if (!alternate) top = std::min(top, places[1].line);

  clear_history();
  const std::size_t kept = std::min<std::size_t>(top, scrollback_limit);
  for (std::size_t i = top - kept; i < top; ++i) {
    encode_line(lines[i], history.emplace_back());
    history_bytes += history.back().size();
  }
  if (top > kept) history_dropped = true;
  if (!history.empty()) history.front()[0] = '\0';
  primary.grid = Grid(to);
  for (std::size_t i = top; i < std::min(lines.size(), top + wanted); ++i)
    draw(primary.grid, static_cast<int>(i - top), lines[i]);
  if (history.empty()) primary.grid.set_continues(0, false);
  if (!alternate) {
    y = std::min(static_cast<int>(places[1].line - top), to.rows - 1);
    x = places[1].column;
  }
}

void Engine::resize_alternate(TerminalSize to) {
  Grid grown(to);
  const int kept_rows = std::min<int>(to.rows, rows());
  const int first = std::max(0, std::min(y, rows() - 1) - (to.rows - 1));  // the cursor's line stays
  for (int row = 0; row < kept_rows && row + first < rows(); ++row) {
    const Grid& old = alternate->grid;
    for (int column = 0; column < std::min<int>(to.cols, old.used(row + first)); ++column)
      grown.put(row, column, old.text(row + first)[column], old.styles(row + first)[column]);
    if (to.cols < cols() && (grown.text(row)[to.cols - 1] & cell::wide)) grown.put(row, to.cols - 1, 0, 0);
    grown.set_continues(row, row > 0 && to.cols == cols() && old.continues(row + first));
  }
  y -= first;
  alternate->grid = std::move(grown);
}

void Engine::draw(Grid& grid, int row, const Line& line) {
  int column = 0;
  grid.set_continues(row, line.continues);
  for_each_glyph(line, [&](const Glyph& glyph) {
    const StyleId style = styles.intern(glyph.style);
    std::uint32_t text = 0;
    int codes = 0;
    for_each_code(glyph.text, [&](char32_t code) {
      text = static_cast<std::uint32_t>(code);
      ++codes;
    });
    if (codes > 1) {
      const std::uint32_t id = clusters.intern(glyph.text);
      text = id != 0 ? id | cell::cluster : replacement_character;
    }
    grid.put(row, column, text | (glyph.width == 2 ? cell::wide : 0), style);
    if (glyph.width == 2) grid.put(row, column + 1, cell::tail, style);
    column += glyph.width;
  });
}

}  // namespace berth::vt
