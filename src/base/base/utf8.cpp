#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace berth {
namespace {

struct Sequence { std::size_t size; bool valid; };  // size: bytes of a whole character, or of a maximal wrong part

Sequence next_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  if (first < 0x80) return {1, true};
  if (first < 0xC2 || first > 0xF4) return {1, false};
  const std::size_t want = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint8_t low = 0x80, high = 0xBF;  // of the second byte: no overlong form, no surrogate, nothing above U+10FFFF
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < want; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {want, true};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Sequence sequence = next_sequence(text);
    if (!sequence.valid) return false;
    text.remove_prefix(sequence.size);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Sequence sequence = next_sequence(text);
    out += sequence.valid ? text.substr(0, sequence.size) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(sequence.size);
  }
  return out;
}

}  // namespace berth
