#include "vt/palette.hpp"

namespace berth::vt {

std::uint32_t default_color(std::uint16_t index) {
  constexpr std::uint32_t first[] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
                                     0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
  if (index < 16) return first[index];
  if (index >= foreground_color) return index == background_color ? 0x000000 : 0xe5e5e5;
  if (index >= 232) return (8u + 10u * (index - 232u)) * 0x010101u;
  const auto level = [](unsigned n) { return n == 0 ? 0u : 55u + 40u * n; };
  const unsigned n = index - 16u;
  return level(n / 36) << 16 | level(n / 6 % 6) << 8 | level(n % 6);
}

std::uint32_t color_of(const std::map<std::uint16_t, std::uint32_t>& set, Color color, std::uint16_t otherwise) {
  if (!color.is_default() && !color.is_index()) return color.number();
  const auto index = color.is_default() ? otherwise : static_cast<std::uint16_t>(color.number());
  const auto found = set.find(index);
  return found != set.end() ? found->second : default_color(index);
}

}  // namespace berth::vt
