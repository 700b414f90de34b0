#include "vt/engine.hpp"

#include <algorithm>

namespace berth::vt {

void set_default_tabs(std::vector<bool>& tabs, std::size_t from) {
  for (std::size_t column = from; column < tabs.size(); ++column) tabs[column] = column % 8 == 0;
}

Surface::Surface(TerminalSize size) : grid(size), bottom(size.rows - 1), tabs(size.cols) { set_default_tabs(tabs, 0); }

Engine::Engine(TerminalSize new_size, std::uint32_t scrollback_lines)
    : size(new_size),
      scrollback_limit(scrollback_lines),
      styles(std::size_t(new_size.cols) * new_size.rows),
      primary(new_size) {}

Line Engine::line(const Surface& surface, int row) const {
  std::string bytes;
  encode_line(surface.grid, row, styles, clusters, bytes);
  return decode_line(bytes);
}

std::size_t Engine::memory() const {
  std::size_t bytes = sizeof *this + primary.grid.memory() + styles.memory() + clusters.memory() + links.memory() +
                      replies.capacity() + (primary.tabs.capacity() + 7) / 8;
  if (alternate) bytes += sizeof *alternate + alternate->grid.memory();
  for (const std::string& line : history) bytes += sizeof line + line.capacity();
  return bytes;
}

}  // namespace berth::vt
