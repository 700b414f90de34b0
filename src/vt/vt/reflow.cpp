#include "vt/reflow.hpp"

#include <algorithm>
#include <utility>

#include "vt/utf8.hpp"
#include "vt/width.hpp"

namespace berth::vt {
namespace {

// Takes glyphs of one logical line and cuts it at the width.
class Wrapper {
 public:
  Wrapper(std::vector<Line>& out, int columns) : out_(out), columns_(columns) { out_.emplace_back(); }
  void add(const Glyph& glyph) {
    if (used_ + glyph.width > columns_) next();
    append_glyph(out_.back(), glyph);
    used_ += glyph.width;
  }
  // Where a column of the logical line that was just reached is now.
  [[nodiscard]] Place place(int beyond) const {
    if (used_ + beyond < columns_) return {out_.size() - 1, used_ + beyond};
    return {out_.size() - 1, columns_ - 1};
  }
  // Where the glyph that comes next will be.
  [[nodiscard]] Place next_place(int width) {
    if (used_ + width > columns_) next();
    return {out_.size() - 1, used_};
  }

 private:
  void next() {
    out_.emplace_back().continues = true;
    used_ = 0;
  }
  std::vector<Line>& out_;
  int columns_;
  int used_ = 0;
};

int columns_of(const Line& line) {
  int columns = 0;
  for (const Run& run : line.runs) columns += run.columns;
  return columns;
}

bool begins_wide(const Line& line) {
  if (line.runs.empty() || line.runs[0].blank) return false;
  int width = 0;
  bool first = true;
  for_each_code(line.runs[0].text, [&](char32_t code) {
    if (std::exchange(first, false)) width = width_of(code);
  });
  return width == 2;
}

}  // namespace

void for_each_glyph(const Line& line, const std::function<void(const Glyph&)>& visit) {
  for (const Run& run : line.runs) {
    if (run.blank) {
      for (int i = 0; i < run.columns; ++i) visit({run.style, {}, 1});
      continue;
    }
    std::size_t begin = 0, at = 0;
    int width = 0;
    for_each_code(run.text, [&](char32_t code) {
      if (const int own = width_of(code); own > 0) {
        if (at > begin) visit({run.style, std::string_view(run.text).substr(begin, at - begin), width});
        begin = at;
        width = own;
      }
      at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    });
    if (at > begin) visit({run.style, std::string_view(run.text).substr(begin, at - begin), width});
  }
}

void append_glyph(Line& line, const Glyph& glyph) {
  if (line.runs.empty() || line.runs.back().style != glyph.style || line.runs.back().blank != glyph.text.empty())
    line.runs.push_back({.style = glyph.style, .blank = glyph.text.empty()});
  line.runs.back().columns += glyph.width;
  line.runs.back().text += glyph.text;
}

std::vector<Line> reflow(const std::vector<Line>& lines, int old_columns, int new_columns, std::vector<Place>& places) {
  std::vector<Line> out;
  const std::vector<Place> from = places;
  for (std::size_t first = 0; first < lines.size();) {
    std::size_t last = first;
    while (last + 1 < lines.size() && lines[last + 1].continues) ++last;
    Wrapper wrapper(out, new_columns);
    for (std::size_t i = first; i <= last; ++i) {
      int column = 0;
      const auto add = [&](const Glyph& glyph) {
        for (std::size_t p = 0; p < from.size(); ++p) {
          if (from[p].line != i || from[p].column < column || from[p].column >= column + glyph.width) continue;
          places[p] = wrapper.next_place(glyph.width);
          places[p].column += std::min(from[p].column - column, new_columns - 1 - places[p].column);
        }
        wrapper.add(glyph);
        column += glyph.width;
      };
      for_each_glyph(lines[i], add);
      if (i < last) {  // a wrapped line is full, but for a column that a wide character left
        const int full = old_columns - (columns_of(lines[i]) < old_columns && begins_wide(lines[i + 1]) ? 1 : 0);
        while (column < full) add({Style{}, {}, 1});
      }
      for (std::size_t p = 0; p < from.size(); ++p)
        if (from[p].line == i && from[p].column >= column) places[p] = wrapper.place(from[p].column - column);
    }
    first = last + 1;
  }
  for (Line& line : out)
    while (!line.runs.empty() && line.runs.back().blank && line.runs.back().style == Style{}) line.runs.pop_back();
  return out;
}

}  // namespace berth::vt
