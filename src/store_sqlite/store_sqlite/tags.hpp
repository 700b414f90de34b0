#pragma once
// Private to store_sqlite: tags in one column, a line each.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace berth::store_sqlite {

inline std::string join_tags(const std::vector<std::string>& tags) {
  std::string out;
  for (const auto& tag : tags) out += (out.empty() ? "" : "\n") + tag;
  return out;
}

inline std::vector<std::string> split_tags(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    out.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), out.back().size() + 1));
  }
  return out;
}

}  // namespace berth::store_sqlite
