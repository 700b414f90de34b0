// Erasing, inserting and deleting cells and lines. Erased cells take the pen's background and nothing else of it.
#include <algorithm>
#include <utility>

#include "vt/engine.hpp"

namespace berth::vt {

void Engine::erase_cells(int row, int begin, int end, bool selective) {
  Grid& grid = active().grid;
  const StyleId blank = blank_id();
  if (!selective) {
    grid.erase(row, begin, end, blank);
    return;
  }
  end = std::min(end, blank == 0 ? grid.used(row) : cols());  // beyond it is blank already
  const auto kept = [&](int column) { return styles[grid.styles(row)[column]].has(Style::Protected); };
  for (int column = begin; column < end;) {
    const int first = column;
    while (column < end && !kept(column)) ++column;
    grid.erase(row, first, column, blank);
    while (column < end && kept(column)) ++column;
  }
}

void Engine::clear_rows(int first, int last, bool selective) {
  const StyleId blank = blank_id();
  for (int row = first; row <= last; ++row) {
    if (selective) {
      erase_cells(row, 0, cols(), true);
      active().grid.set_continues(row, false);
    } else {
      active().grid.clear_row(row, blank);
    }
  }
}

void Engine::erase_display(int how, bool selective) {
  Grid& grid = active().grid;
  restrict_cursor(cols());
  switch (how) {
    case 0:
      erase_cells(y, x, cols(), selective);
      if (x == 0) grid.set_continues(y, false);
      clear_rows(y + 1, rows() - 1, selective);
      break;
    case 1:
      erase_cells(y, 0, x + 1, selective);
      grid.set_continues(y, false);
      if (x + 1 >= cols() && y + 1 < rows()) grid.set_continues(y + 1, false);
      clear_rows(0, y - 1, selective);
      restrict_cursor();
      break;
    case 2:
      clear_rows(0, rows() - 1, selective);
      restrict_cursor();
      break;
    case 3:
      if (!alternate) {
        clear_history();
        first_row_begins();
      }
      break;
    default: break;
  }
}

void Engine::erase_line(int how, bool selective) {
  Grid& grid = active().grid;
  restrict_cursor(cols());
  switch (how) {
    case 0:
      erase_cells(y, x, cols(), selective);
      if (x == 0) grid.set_continues(y, false);
      break;
    case 1:
      erase_cells(y, 0, x + 1, selective);
      restrict_cursor();
      break;
    case 2:
      erase_cells(y, 0, cols(), selective);
      grid.set_continues(y, false);
      restrict_cursor();
      break;
    default: break;
  }
}

void Engine::insert_lines(int count) {
  restrict_cursor();
  Surface& surface = active();
  if (y < surface.top || y > surface.bottom) return;
  surface.grid.scroll_down(y, surface.bottom, count, blank_id());
  x = 0;
}

void Engine::delete_lines(int count) {
  restrict_cursor();
  Surface& surface = active();
  if (y < surface.top || y > surface.bottom) return;
  surface.grid.scroll_up(y, surface.bottom, count, blank_id());
  first_row_begins();
  x = 0;
}

// DECIC, DECDC, SL and SR: cells of every line of the scroll region, which thereby continues no other.
void Engine::shift_columns(int column, int count, bool insert) {
  Surface& surface = active();
  if (y < surface.top || y > surface.bottom) return;
  const StyleId blank = blank_id();
  for (int row = surface.top; row <= surface.bottom; ++row) {
    if (insert) {
      surface.grid.insert_cells(row, column, count, blank);
    } else {
      surface.grid.delete_cells(row, column, count, blank);
    }
    surface.grid.set_continues(row, false);
  }
}

void Engine::alignment_pattern() {
  Grid& grid = active().grid;
  const StyleId style = pen_id();
  for (int row = 0; row < rows(); ++row) {
    grid.set_continues(row, false);
    for (int column = 0; column < cols(); ++column) grid.put(row, column, 'E', style);
  }
  set_cursor(0, 0);
}

void Engine::clear_history() {
  history.clear();
  history_bytes = 0;
}

std::string Engine::drop_oldest() {
  std::string line = std::move(history.front());
  history.pop_front();
  if (!history.empty()) history.front()[0] = '\0';  // the first line continues none
  history_bytes -= line.size();
  history_dropped = true;
  return line;
}

void Engine::push_history() {
  std::string line;
  if (history.size() >= scrollback_limit) line = drop_oldest();  // its memory is used again
  Grid& grid = active().grid;
  encode_line(grid, 0, styles, clusters, line);
  if (history.empty()) line[0] = '\0';
  if (line.capacity() > 4096 && line.size() * 4 < line.capacity()) line.shrink_to_fit();
  history_bytes += line.size();
  history.push_back(std::move(line));
  while (history_bytes > max_history_bytes) (void)drop_oldest();
}

}  // namespace berth::vt
