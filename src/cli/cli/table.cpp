#include "cli/table.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace berth::cli {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

// C0, DEL and, as UTF-8, C1: all that a terminal could act on.
std::string without_controls(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;
    out += c1 || c < 0x20 || c == 0x7f ? ' ' : text[i];
  }
  return out;
}

}  // namespace

std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

std::string one_line(std::string_view text, std::size_t columns) {
  std::string clean = without_controls(text);
  while (clean.ends_with(' ')) clean.pop_back();
  if (shown_width(clean) <= columns) return clean;
  std::size_t shown = 0, end = 0;
  while (end < clean.size() && shown + 1 < columns) {
    ++end;
    while (end < clean.size() && continues(clean[end])) ++end;
    ++shown;
  }
  return clean.substr(0, end) + "…";
}

void Table::add(std::vector<std::string> cells) {
  BERTH_CHECK(cells.size() == rows_.front().size());
  for (std::string& cell : cells) cell = without_controls(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - shown_width(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace berth::cli
