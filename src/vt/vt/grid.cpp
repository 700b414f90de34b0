#include "vt/grid.hpp"

#include <algorithm>
#include <numeric>

namespace berth::vt {

Grid::Grid(TerminalSize size)
    : cols_(size.cols),
      rows_(size.rows),
      text_(std::make_unique<std::uint32_t[]>(std::size_t(cols_) * rows_)),
      styles_(std::make_unique<StyleId[]>(std::size_t(cols_) * rows_)),
      info_(size.rows),
      order_(size.rows) {
  std::iota(order_.begin(), order_.end(), std::uint16_t{0});
}

void Grid::erase(int y, int begin, int end, StyleId blank) {
  end = std::min(end, cols_);
  if (begin >= end) return;
  repair(y, begin, end, blank);
  const int filled = blank == 0 ? std::min(end, used(y)) : end;  // beyond `used` it is blank already
  if (begin < filled) {
    std::fill(text(y) + begin, text(y) + filled, 0u);
    std::fill(styles(y) + begin, styles(y) + filled, blank);
  }
  auto& used = info_[order_[y]].used;
  if (blank != 0) {
    use(y, end);
  } else if (end >= used && begin < used) {
    used = static_cast<std::uint16_t>(begin);
  }
}

void Grid::insert_cells(int y, int x, int count, StyleId blank) {
  count = std::min(count, cols_ - x);
  if (x > 0 && (text(y)[x] & cell::tail)) erase(y, x - 1, x + 1, blank);
  const int end = std::min(used(y) + count, cols_);
  if (const int kept = end - count; kept > x) {
    std::copy_backward(text(y) + x, text(y) + kept, text(y) + end);
    std::copy_backward(styles(y) + x, styles(y) + kept, styles(y) + end);
    use(y, end);
  }
  std::fill_n(text(y) + x, count, 0u);
  std::fill_n(styles(y) + x, count, blank);
  if (blank != 0) use(y, x + count);
  if (text(y)[cols_ - 1] & cell::wide) put(y, cols_ - 1, 0, blank);  // its tail was pushed out
}

void Grid::delete_cells(int y, int x, int count, StyleId blank) {
  count = std::min(count, cols_ - x);
  repair(y, x, x + count, blank);
  const int end = used(y);
  if (x < end) {
    if (x + count < end) {
      std::copy(text(y) + x + count, text(y) + end, text(y) + x);
      std::copy(styles(y) + x + count, styles(y) + end, styles(y) + x);
    }
    const int kept = std::max(x, end - count);
    std::fill(text(y) + kept, text(y) + end, 0u);
    std::fill(styles(y) + kept, styles(y) + end, StyleId{0});
    info_[order_[y]].used = static_cast<std::uint16_t>(kept);
  }
  if (blank != 0) {
    std::fill_n(styles(y) + cols_ - count, count, blank);
    use(y, cols_);
  }
}

void Grid::clear_row(int y, StyleId blank) {
  info_[order_[y]].continues = false;
  if (blank == 0) {
    std::fill_n(text(y), used(y), 0u);
    std::fill_n(styles(y), used(y), StyleId{0});
    info_[order_[y]].used = 0;
  } else {
    std::fill_n(text(y), cols_, 0u);
    std::fill_n(styles(y), cols_, blank);
    use(y, cols_);
  }
}

void Grid::scroll_up(int top, int bottom, int count, StyleId blank) {
  count = std::min(count, bottom - top + 1);
  std::rotate(order_.begin() + top, order_.begin() + top + count, order_.begin() + bottom + 1);
  for (int y = bottom - count + 1; y <= bottom; ++y) clear_row(y, blank);
}

void Grid::scroll_down(int top, int bottom, int count, StyleId blank) {
  count = std::min(count, bottom - top + 1);
  std::rotate(order_.begin() + top, order_.begin() + bottom + 1 - count, order_.begin() + bottom + 1);
  for (int y = top; y < top + count; ++y) clear_row(y, blank);
}

std::size_t Grid::memory() const {
  return std::size_t(cols_) * std::size_t(rows_) * (sizeof(std::uint32_t) + sizeof(StyleId)) +
         info_.capacity() * sizeof(RowInfo) + order_.capacity() * sizeof(std::uint16_t);
}

}  // namespace berth::vt
