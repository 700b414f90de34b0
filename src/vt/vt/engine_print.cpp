// Text into cells: the path that nearly all bytes take.
#include <algorithm>

#include "vt/engine.hpp"
#include "vt/width.hpp"

namespace berth::vt {
namespace {

// DEC special graphics, for ` to ~ (VT220 Programmer Reference, table 2-4).
constexpr char32_t special_graphics[] = U"◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";

}  // namespace

char32_t Engine::translated(char byte) const {
  const char set = charsets.sets[charsets.active];
  if (set == '0' && byte >= '`' && byte <= '~') return special_graphics[byte - '`'];
  if (set == 'A' && byte == '#') return U'£';
  return static_cast<char32_t>(byte);
}

void Engine::text(std::string_view ascii) {
  if (charsets.sets[charsets.active] == 'B' && !modes[Mode::Insert]) {
    print_run(ascii);
  } else {
    for (const char byte : ascii) print_one(translated(byte), 1);
  }
}

void Engine::code(char32_t code) {
  if (code < 0xA0 && code >= 0x80) return;  // C1 controls have no form of two bytes here
  if (const int width = width_of(code); width > 0) {
    print_one(code, width);
  } else {
    join(code);
  }
}

void Engine::print_run(std::string_view ascii) {
  const StyleId style = pen_id();
  const int columns = cols();
  last_width_ = 1;
  while (!ascii.empty()) {
    if (x >= columns) {
      if (modes[Mode::Wrap]) {
        wrap();
      } else {
        ascii = ascii.substr(ascii.size() - 1);  // each would overwrite the one before
        x = columns - 1;
      }
    }
    Grid& grid = active().grid;
    const int count = static_cast<int>(std::min<std::size_t>(ascii.size(), static_cast<std::size_t>(columns - x)));
    grid.repair(y, x, x + count, blank_id_);
    std::uint32_t* const text = grid.text(y) + x;
    StyleId* const styles_of = grid.styles(y) + x;
    for (int i = 0; i < count; ++i) text[i] = static_cast<unsigned char>(ascii[static_cast<std::size_t>(i)]);
    for (int i = 0; i < count; ++i) styles_of[i] = style;
    x += count;
    grid.use(y, x);
    ascii.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Engine::print_one(char32_t code, int width) {
  const StyleId style = pen_id();
  last_width_ = width;
  if (x + width > cols()) {
    if (modes[Mode::Wrap]) {
      if (x < cols()) active().grid.erase(y, x, cols(), blank_id_);  // a wide character leaves the last column
      wrap();
    } else {
      x = cols() - 1;
      if (width == 2) return;
    }
  }
  Grid& grid = active().grid;
  if (modes[Mode::Insert]) grid.insert_cells(y, x, width, blank_id_);
  grid.repair(y, x, x + width, blank_id_);
  grid.put(y, x, code | (width == 2 ? cell::wide : 0), style);
  if (width == 2) grid.put(y, x + 1, cell::tail, style);
  x += width;
}

// A combining character joins the one before the cursor, wherever the cursor came from; with nothing there it is
// dropped.
void Engine::join(char32_t code) {
  if (x == 0) return;
  Grid& grid = active().grid;
  int at = x - 1;
  if (at > 0 && (grid.text(y)[at] & cell::tail)) --at;
  const std::uint32_t before = grid.text(y)[at];
  if (cell::is_blank(before)) return;
  std::string cluster;
  if (before & cell::cluster) {
    cluster = clusters[before & cell::code_mask];
  } else {
    append_utf8(cluster, before & cell::code_mask);
  }
  append_utf8(cluster, code);
  if (cluster.size() > max_cluster_bytes) return;
  if (clusters.wants_rebuild()) collect_clusters();
  if (const std::uint32_t id = clusters.intern(cluster); id != 0)
    grid.text(y)[at] = id | cell::cluster | (before & cell::wide);
}

void Engine::wrap() {
  Surface& surface = active();
  x = 0;
  if (y == surface.bottom) {
    scroll_region_up(1, blank_id_, true);
  } else if (y < rows() - 1) {
    ++y;
  }
  surface.grid.set_continues(y, true);
  first_row_begins();
}

bool Engine::can_repeat() const {
  const int from = x - last_width_;
  if (last_width_ == 0 || from < 0 || modes[Mode::Insert]) return false;
  const Grid& grid = active().grid;
  const std::uint32_t text = grid.text(y)[static_cast<std::size_t>(from)];
  const int width = cell::is_blank(text) || (text & cell::tail) ? 0 : text & cell::wide ? 2 : 1;
  return width == last_width_ && styles[grid.styles(y)[static_cast<std::size_t>(from)]] == pen;
}

void Engine::repeat(int count) {
  if (!can_repeat()) return;
  const std::uint32_t text = active().grid.text(y)[x - last_width_];
  std::u32string codes;
  if (text & cell::cluster) {
    for_each_code(clusters[text & cell::code_mask], [&](char32_t code) { codes += code; });
  } else {
    codes = text & cell::code_mask;
  }
  count = std::min(count, std::max(cols() * rows(), 1000));  // eight bytes must not cost a second
  if (codes.size() == 1 && codes[0] < 0x7F) {
    this->text(std::string(static_cast<std::size_t>(count), static_cast<char>(codes[0])));
    return;
  }
  for (int i = 0; i < count; ++i) {
    for (const char32_t one : codes) {
      if (one < 0x7F) {
        print_one(translated(static_cast<char>(one)), 1);
      } else {
        code(one);
      }
    }
  }
}

void Engine::refresh_ids() {
  if (styles.wants_rebuild()) collect_styles();
  pen_id_ = styles.intern(pen);
  blank_id_ = styles.intern(pen.erased());
  pen_changed_ = false;
}

void Engine::collect_styles() {
  std::vector<bool> used(styles.size());
  const auto each = [&](auto&& visit) {
    for (Surface* surface : {&primary, alternate.get()}) {
      if (!surface) continue;
      for (int row = 0; row < rows(); ++row)
        for (int column = 0; column < surface->grid.used(row); ++column) visit(surface->grid.styles(row)[column]);
    }
  };
  each([&](StyleId& id) { used[id] = true; });
  const std::vector<StyleId> renamed = styles.rebuild(used);
  each([&](StyleId& id) { id = renamed[id]; });
  pen_changed_ = true;
}

void Engine::collect_links() {
  collect_styles();
  std::vector<bool> used(links.size());
  used[pen.link] = true;
  for (std::size_t id = 0; id < styles.size(); ++id) used[styles[static_cast<StyleId>(id)].link] = true;
  for (std::string& line : history) for_each_style(line, [&](Style& style) { used[style.link] = true; });
  const std::vector<std::uint32_t> renamed = links.rebuild(used);
  const auto rename = [&](std::uint16_t link) { return static_cast<std::uint16_t>(renamed[link]); };
  pen.link = rename(pen.link);
  styles.replace_links(rename);
  for (std::string& line : history) for_each_style(line, [&](Style& style) { style.link = rename(style.link); });
}

void Engine::collect_clusters() {
  std::vector<bool> used(clusters.size());
  const auto each = [&](auto&& visit) {
    for (Surface* surface : {&primary, alternate.get()}) {
      if (!surface) continue;
      for (int row = 0; row < rows(); ++row)
        for (int column = 0; column < surface->grid.used(row); ++column)
          if (surface->grid.text(row)[column] & cell::cluster) visit(surface->grid.text(row)[column]);
    }
  };
  each([&](std::uint32_t& text) { used[text & cell::code_mask] = true; });
  const std::vector<std::uint32_t> renamed = clusters.rebuild(used);
  each([&](std::uint32_t& text) { text = (text & ~cell::code_mask) | renamed[text & cell::code_mask]; });
}

}  // namespace berth::vt
