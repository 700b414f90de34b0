#include "store_sqlite/cursor.hpp"

#include <array>
#include <cstddef>
#include <limits>

#include "base/id.hpp"

namespace berth::store_sqlite {
namespace {

constexpr std::size_t key_at = 8;  // byte 0 is the list, bytes 1 to 7 are zero, then the key, big endian

// The reverse of encode_id_bits: 5 bits a character, the first ones first.
std::array<std::byte, 16> decode_bits(std::string_view text) {
  constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<std::byte, 16> out{};
  for (std::size_t bit = 0; bit < 128; ++bit) {
    const auto digit = alphabet.find(text[bit / 5]);
    if ((digit >> (4 - bit % 5)) & 1u) out[bit / 8] |= std::byte{1} << (7 - bit % 8);
  }
  return out;
}

}  // namespace

std::string encode_cursor(List list, std::int64_t key) {
  std::array<std::byte, 16> bits{};
  bits[0] = static_cast<std::byte>(list);
  for (std::size_t i = 0; i < 8; ++i)
    bits[key_at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(key) >> (56 - 8 * i));
  return encode_id_bits(bits);
}

Result<std::int64_t> decode_cursor(List list, std::string_view cursor) {
  if (cursor.empty()) return std::numeric_limits<std::int64_t>::max();
  std::uint64_t key = 0;
  if (is_id_bits(cursor)) {
    const auto bits = decode_bits(cursor);
    for (std::size_t i = 0; i < 8; ++i) key = key << 8 | std::to_integer<std::uint64_t>(bits[key_at + i]);
    if (encode_cursor(list, static_cast<std::int64_t>(key)) == cursor) return static_cast<std::int64_t>(key);
  }
  return fail(Code::InvalidArgument, "The cursor is not one of this list.",
              "Pass `next` of the page before, unchanged.");
}

}  // namespace berth::store_sqlite
