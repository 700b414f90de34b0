#pragma once
// Columns for people: aligned by what the terminal shows (UTF-8 code points), two spaces apart, nothing after the last.
// Control characters in cells become spaces: text from a sandbox cannot move the cursor of who looks at it.

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> cells);  // as many as the head has
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// One line without control characters, at most `columns` wide ("…" marks a cut).
[[nodiscard]] std::string one_line(std::string_view text, std::size_t columns);
[[nodiscard]] std::size_t shown_width(std::string_view text);

}  // namespace berth::cli
