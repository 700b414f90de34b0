#pragma once
// Colours as numbers: xterm's 256 and the terminal's own foreground, background and cursor, unless a program set them.
// Pure.

#include <cstdint>
#include <map>

#include "vt/style.hpp"

namespace berth::vt {

constexpr std::uint16_t foreground_color = 256, background_color = 257, cursor_color = 258;

[[nodiscard]] std::uint32_t default_color(std::uint16_t index);
// 0xRRGGBB; `otherwise` is the index for the default colour.
[[nodiscard]] std::uint32_t color_of(const std::map<std::uint16_t, std::uint32_t>& set, Color color,
                                     std::uint16_t otherwise);

}  // namespace berth::vt
