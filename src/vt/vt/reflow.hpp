#pragma once
// Lines of one width to lines of another: what was wrapped is joined, what is too long is wrapped. Characters of two
// columns are never cut. Pure.

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "vt/line.hpp"

namespace berth::vt {

struct Place {
  std::size_t line = 0;
  int column = 0;
  bool operator==(const Place&) const = default;
};

// `places` are moved along with the text that they point at; one beyond the end of its line stays beyond it where there
// is room. Every place must be on a line that is given.
[[nodiscard]] std::vector<Line> reflow(const std::vector<Line>& lines, int old_columns, int new_columns,
                                       std::vector<Place>& places);

// One character with what combines with it, or one blank cell (`text` is empty).
struct Glyph {
  const Style& style;
  std::string_view text;
  int width;
};
void for_each_glyph(const Line& line, const std::function<void(const Glyph&)>& visit);
void append_glyph(Line& line, const Glyph& glyph);

}  // namespace berth::vt
