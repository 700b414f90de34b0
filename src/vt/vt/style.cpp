#include "vt/style.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace berth::vt {
namespace {

std::uint64_t hash_of(const Style& style) {
  const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(style);
  std::uint64_t hash = (words[0] ^ 0x9E3779B97F4A7C15u) * 0xD1342543DE82EF95u;
  hash = (hash ^ hash >> 32 ^ words[1]) * 0xA0761D6478BD642Fu;
  return hash ^ hash >> 29;
}

}  // namespace

StyleTable::StyleTable(std::size_t cells) : styles_(1), slots_(64) {
  resize(cells);
  threshold_ = least_;
}

void StyleTable::resize(std::size_t cells) { least_ = std::max<std::size_t>(cells / 100, 64); }

std::size_t StyleTable::slot_of(const Style& style) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(style) & mask;
  while (slots_[slot] != 0 && styles_[slots_[slot]] != style) slot = (slot + 1) & mask;
  return slot;
}

StyleId StyleTable::intern(const Style& style) {
  if (style == Style{}) return 0;
  std::size_t slot = slot_of(style);
  if (slots_[slot] != 0) return slots_[slot];
  if (styles_.size() >= most) {
    ++missed_;
    return 0;
  }
  if (styles_.size() * 2 > slots_.size()) {
    index_again(slots_.size() * 2);
    slot = slot_of(style);
  }
  if (styles_.size() ==
      styles_.capacity())  // no further than to where the owner rebuilds: this is most of what it takes
    styles_.reserve(styles_.size() < threshold_ ? std::min(styles_.size() * 2 + 8, threshold_ + 2)
                                                : styles_.size() * 2);
  styles_.push_back(style);
  return slots_[slot] = static_cast<StyleId>(styles_.size() - 1);
}

void StyleTable::index_again(std::size_t slots) {
  slots_.assign(slots, 0);
  for (std::size_t id = 1; id < styles_.size(); ++id) slots_[slot_of(styles_[id])] = static_cast<StyleId>(id);
}

std::vector<StyleId> StyleTable::rebuild(const std::vector<bool>& used) {
  std::vector<StyleId> renamed(styles_.size(), 0);
  std::size_t kept = 1;
  for (std::size_t id = 1; id < styles_.size(); ++id) {
    if (!used[id]) continue;
    styles_[kept] = styles_[id];
    renamed[id] = static_cast<StyleId>(kept++);
  }
  styles_.resize(kept);
  if (styles_.capacity() > kept * 4) styles_.shrink_to_fit();
  missed_ = 0;
  threshold_ = kept > most - patience ? most + 1 : std::clamp<std::size_t>(kept * 2, least_, most);
  index_again(std::bit_ceil(std::max<std::size_t>(kept * 2 + 2, 64)));
  return renamed;
}

void StyleTable::replace_links(const std::function<std::uint16_t(std::uint16_t)>& renamed) {
  for (Style& style : styles_)
    if (style.link != 0) style.link = renamed(style.link);
  index_again(slots_.size());
}

std::size_t StyleTable::memory() const {
  return styles_.capacity() * sizeof(Style) + slots_.capacity() * sizeof(StyleId);
}

}  // namespace berth::vt
