#include "vt/width.hpp"

namespace berth::vt {
namespace {
#include "vt/width_table.inc"
}  // namespace

int width_of(char32_t code) {
  if (code >= 0x110000) return 1;
  const auto& block = width_blocks[width_index[code >> 8]];
  return block[(code & 0xff) >> 2] >> ((code & 3) * 2) & 3;
}

}  // namespace berth::vt
