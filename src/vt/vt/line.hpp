#pragma once
// One line of a screen as runs of equal style, and its form in memory for what scrolled off: bytes, about as many as
// the text has. Outputs read every line in this form, whether it is still on the screen or not.
//
// Form: one byte, 1 when the line continues the one before; then for each run one byte (1: a style follows, 2: blank),
// its Style (16 bytes), columns (2 bytes), and unless blank the length of its text (4 bytes) and the text in UTF-8.
// Numbers are of this machine: the form never leaves the process.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "vt/grid.hpp"
#include "vt/text_table.hpp"

namespace berth::vt {

struct Run {
  Style style;
  int columns = 0;
  bool blank = false;  // cells without text
  std::string text;
};
struct Line {
  bool continues = false;
  std::vector<Run> runs;  // up to the last cell that is not the default blank

  [[nodiscard]] std::string text() const;  // blanks as spaces
};

void encode_line(const Grid& grid, int y, const StyleTable& styles, const TextTable& clusters, std::string& out);
void encode_line(const Line& line, std::string& out);
[[nodiscard]] Line decode_line(std::string_view bytes);
// Calls `visit` for each style in an encoded line, to read or to change it.
void for_each_style(std::string& line, const std::function<void(Style&)>& visit);

}  // namespace berth::vt
