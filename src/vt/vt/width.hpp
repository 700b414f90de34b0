#pragma once
// How many columns a code point takes: 0 for what joins the character before it, 1, or 2 for wide ones. Unicode 15 data
// (tools/width_table.py), one code point at a time, as programs measure with wcwidth(3): an emoji sequence takes the
// sum of its parts, and ambiguous width is narrow. Code points added since Unicode 11 are what differs from
// @xterm/headless with its Unicode 11 provider. Control characters are not asked for.
//
// Thread-safe. O(1), 9 KB of table.

#include <cstdint>

namespace berth::vt {

[[nodiscard]] int width_of(char32_t code);

}  // namespace berth::vt
