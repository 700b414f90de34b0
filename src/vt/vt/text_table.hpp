#pragma once
// Interned strings: the clusters (a character with what combines with it) and the hyperlinks of a screen. Id 0 is the
// empty string. As with styles, the owner marks what is in use and rebuilds when `wants_rebuild()`.
//
// Not thread-safe. Limits: 65,535 strings and `max_bytes` of text; what finds no place gets id 0.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace berth::vt {

class TextTable {
 public:
  static constexpr std::size_t max_bytes = 4 << 20;

  [[nodiscard]] const std::string& operator[](std::uint32_t id) const { return texts_[id]; }
  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  [[nodiscard]] bool wants_rebuild() const {
    return texts_.size() >= next_size_ || bytes_ >= next_bytes_ || missed_ >= patience;
  }
  [[nodiscard]] std::size_t memory() const { return bytes_ * 2 + texts_.capacity() * 2 * sizeof(std::string); }
  [[nodiscard]] std::uint32_t intern(std::string_view text);
  // Keeps the ids marked in `used` (one per id). Returns the new id of each old one.
  [[nodiscard]] std::vector<std::uint32_t> rebuild(const std::vector<bool>& used);

 private:
  static constexpr std::size_t most = 65535, patience = 1024;
  std::vector<std::string> texts_ = std::vector<std::string>(1);
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::size_t bytes_ = 0, missed_ = 0, next_size_ = patience, next_bytes_ = max_bytes / 4;
};

}  // namespace berth::vt
