#include "base/id.hpp"

#include <algorithm>

namespace berth {
namespace {
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t id_chars = 26;
}  // namespace

std::string encode_id_bits(std::span<const std::byte, 16> bits) {
  std::string out;
  out.reserve(id_chars);
  unsigned buffer = 0;
  int held = 0;
  for (std::byte b : bits) {
    buffer = (buffer << 8) | std::to_integer<unsigned>(b);
    held += 8;
    while (held >= 5) {
      held -= 5;
      out += alphabet[(buffer >> held) & 31u];
    }
    buffer &= (1u << held) - 1;
  }
  out += alphabet[(buffer << (5 - held)) & 31u];
  return out;
}

bool is_id_bits(std::string_view text) {
  return text.size() == id_chars &&
         std::ranges::all_of(text, [](char c) { return alphabet.find(c) != std::string_view::npos; });
}

}  // namespace berth
