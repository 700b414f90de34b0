#pragma once
// The cells of one screen: 6 bytes each, 4 of text and 2 of style id, rows that scroll by renaming.
//
// Text of a cell: 0 is blank (never written, or erased), else a code point, or with `cluster` set an id in the table of
// clusters. `wide` marks the first cell of a character of two columns, and `tail` alone the cell after it. A wide cell
// is always followed by its tail, a tail always follows a wide cell: every change here keeps that (repair()). A blank
// cell's style has nothing but a background.
//
// Each row knows how many cells from its left may differ from the default blank, so that clearing a short line is
// cheap, and whether it continues the row above (was reached by wrapping).
//
// Not thread-safe; positions are checked by the caller: 0 ≤ x ≤ cols(), 0 ≤ y < rows().

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/units.hpp"
#include "vt/style.hpp"

namespace berth::vt {

namespace cell {
constexpr std::uint32_t code_mask = 0x1FFFFF, cluster = 1u << 21, wide = 1u << 22, tail = 1u << 23;
[[nodiscard]] constexpr bool is_blank(std::uint32_t text) { return text == 0; }
}  // namespace cell

class Grid {
 public:
  explicit Grid(TerminalSize size);

  [[nodiscard]] int cols() const { return cols_; }
  [[nodiscard]] int rows() const { return rows_; }
  [[nodiscard]] std::uint32_t* text(int y) { return text_.get() + offset(y); }
  [[nodiscard]] StyleId* styles(int y) { return styles_.get() + offset(y); }
  [[nodiscard]] std::span<const std::uint32_t> text(int y) const {
    return {text_.get() + offset(y), std::size_t(cols_)};
  }
  [[nodiscard]] std::span<const StyleId> styles(int y) const { return {styles_.get() + offset(y), std::size_t(cols_)}; }

  [[nodiscard]] int used(int y) const { return info_[order_[y]].used; }
  void use(int y, int end) {
    auto& used = info_[order_[y]].used;
    if (end > used) used = static_cast<std::uint16_t>(end);
  }
  [[nodiscard]] bool continues(int y) const { return info_[order_[y]].continues; }
  void set_continues(int y, bool continues) { info_[order_[y]].continues = continues; }

  // Before cells [begin, end) are overwritten: halves of wide characters at the edges become blank of `blank`.
  void repair(int y, int begin, int end, StyleId blank) {
    std::uint32_t* line = text(y);
    if (begin > 0 && begin < cols_ && (line[begin] & cell::tail)) put(y, begin - 1, 0, blank);
    if (end > begin && end < cols_ && (line[end] & cell::tail)) put(y, end, 0, blank);
  }
  void put(int y, int x, std::uint32_t code, StyleId style) {
    const auto at = offset(y) + static_cast<std::size_t>(x);
    text_[at] = code;
    styles_[at] = style;
    use(y, x + 1);
  }
  void erase(int y, int begin, int end, StyleId blank);
  void insert_cells(int y, int x, int count, StyleId blank);
  void delete_cells(int y, int x, int count, StyleId blank);
  // Rows [top, bottom] move up (down) by `count`, blank rows come in at the other end.
  void scroll_up(int top, int bottom, int count, StyleId blank);
  void scroll_down(int top, int bottom, int count, StyleId blank);
  void clear_row(int y, StyleId blank);

  [[nodiscard]] std::size_t memory() const;

 private:
  struct RowInfo {
    std::uint16_t used = 0;
    bool continues = false;
  };
  [[nodiscard]] std::size_t offset(int y) const { return std::size_t(order_[y]) * std::size_t(cols_); }

  int cols_, rows_;
  std::unique_ptr<std::uint32_t[]> text_;
  std::unique_ptr<StyleId[]> styles_;
  std::vector<RowInfo> info_;         // by place in memory
  std::vector<std::uint16_t> order_;  // place in memory of each row of the screen
};

}  // namespace berth::vt
