#include "vt/text_table.hpp"

#include <algorithm>
#include <utility>

namespace berth::vt {

std::uint32_t TextTable::intern(std::string_view text) {
  if (text.empty()) return 0;
  std::string key(text);
  if (const auto found = ids_.find(key); found != ids_.end()) return found->second;
  if (texts_.size() >= most || bytes_ + text.size() > max_bytes) {
    ++missed_;
    return 0;
  }
  const auto id = static_cast<std::uint32_t>(texts_.size());
  bytes_ += text.size();
  texts_.push_back(key);
  ids_.emplace(std::move(key), id);
  return id;
}

std::vector<std::uint32_t> TextTable::rebuild(const std::vector<bool>& used) {
  std::vector<std::uint32_t> renamed(texts_.size(), 0);
  std::vector<std::string> old = std::exchange(texts_, std::vector<std::string>(1));
  ids_.clear();
  bytes_ = missed_ = 0;
  for (std::size_t id = 1; id < old.size(); ++id)
    if (used[id]) renamed[id] = intern(old[id]);
  next_size_ = texts_.size() > most - patience ? most + 1 : std::max(texts_.size() * 2, patience);
  next_bytes_ = bytes_ > max_bytes / 2 ? max_bytes + 1 : std::max(bytes_ * 2, max_bytes / 4);
  return renamed;
}

}  // namespace berth::vt
