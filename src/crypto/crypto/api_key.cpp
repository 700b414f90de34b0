#include "crypto/api_key.hpp"

#include <array>

#include "crypto/crypto.hpp"

namespace berth::crypto {
namespace {

constexpr std::string_view prefix = "berth_";
constexpr std::size_t half_chars = 26;                // encode_id_bits: 16 bytes
constexpr std::size_t secret_chars = 2 * half_chars;  // two of them are 32 bytes

}  // namespace

NewApiKey new_api_key() {
  const auto id_bits = random_array<16>();
  auto halves = std::array{encode_id_bits(random_array<16>()), encode_id_bits(random_array<16>())};
  std::string secret = halves[0] + halves[1];
  std::string text = std::string(prefix) + encode_id_bits(id_bits) + "_" + secret;
  NewApiKey key{.id = KeyId::from_bits(id_bits), .text = Secret(text), .hash = sha256_hex(secret)};
  for (std::string* copy : {&halves[0], &halves[1], &secret, &text}) wipe(*copy);
  return key;
}

Result<PresentedApiKey> parse_api_key(std::string_view text) {
  const auto no_key = [] {
    return fail(Code::Unauthenticated, "This is not an API key.", "A key begins with berth_.");
  };
  if (text.size() != prefix.size() + half_chars + 1 + secret_chars || !text.starts_with(prefix)) return no_key();
  const std::string_view id = text.substr(prefix.size(), half_chars);
  const std::string_view secret = text.substr(prefix.size() + half_chars + 1);
  if (text[prefix.size() + half_chars] != '_' || !is_id_bits(id) || !is_id_bits(secret.substr(0, half_chars)) ||
      !is_id_bits(secret.substr(half_chars)))
    return no_key();
  TRY_ASSIGN(auto key_id, KeyId::parse(std::string(KeyTag::prefix) + std::string(id)));
  return PresentedApiKey{.id = std::move(key_id), .hash = sha256_hex(secret)};
}

}  // namespace berth::crypto
