#include "crypto/passphrase.hpp"

#include <sodium.h>

#include <array>
#include <cstring>

#include "crypto/ready.hpp"

namespace berth::crypto {
namespace {

constexpr std::string_view magic = "BERTHPWD";
constexpr std::uint32_t version = 1;
constexpr std::size_t salt_at = 20, nonce_at = salt_at + crypto_pwhash_argon2id_SALTBYTES;
constexpr std::size_t sealed_at = nonce_at + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

Result<Secret> key_of(const Secret& passphrase, std::string_view head, PassphraseCost cost) {
  ready();
  std::array<char, key_bytes> key{};
  const auto* const words = passphrase.empty() ? "" : passphrase.reveal().data();
  const int made = crypto_pwhash(reinterpret_cast<unsigned char*>(key.data()), key.size(), words, passphrase.size(),
                                 bytes_of(head) + salt_at, cost.rounds, std::size_t{cost.memory_kib} << 10, crypto_pwhash_ALG_ARGON2ID13);
  Secret out(std::string_view(key.data(), key.size()));
  wipe(key);
  if (made != 0)
    return fail(Code::ResourceExhausted, "There is not enough memory to make a key of the passphrase.",
                "It takes " + std::to_string(cost.memory_kib >> 10) + " MiB.");
  return out;
}

}  // namespace

bool is_sealed_with_passphrase(std::string_view bytes) { return bytes.starts_with(magic); }

Result<std::string> seal_with_passphrase(const Secret& passphrase, std::string_view plain, PassphraseCost cost) {
  ready();
  std::string out(magic);
  out.resize(sealed_at + plain.size() + tag_bytes);
  std::memcpy(out.data() + 8, &version, 4);
  std::memcpy(out.data() + 12, &cost.rounds, 4);
  std::memcpy(out.data() + 16, &cost.memory_kib, 4);
  randombytes_buf(out.data() + salt_at, sealed_at - salt_at);
  TRY_ASSIGN(const Secret key, key_of(passphrase, out, cost));
  auto* const nonce = reinterpret_cast<unsigned char*>(out.data() + nonce_at);
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(out.data() + sealed_at), nullptr, bytes_of(plain), plain.size(),
                                             bytes_of(out), nonce_at, nullptr, nonce, bytes_of(key.reveal()));
  return out;
}

Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed) {
  if (!is_sealed_with_passphrase(sealed) || sealed.size() < sealed_at + tag_bytes)
    return fail(Code::InvalidArgument, "These bytes are not sealed with a passphrase, or not all of them are here.");
  if (number_at(sealed, 8) != version)
    return fail(Code::Unsupported, "This was sealed by a newer version of Berth.", "Open it with that one.");
  const PassphraseCost cost{.rounds = number_at(sealed, 12), .memory_kib = number_at(sealed, 16)};
  if (cost.rounds < 1 || cost.rounds > PassphraseCost::most_rounds || cost.memory_kib < 8 || cost.memory_kib > PassphraseCost::most_memory_kib)
    return fail(Code::InvalidArgument, "The file asks for more work or memory than a passphrase takes.", "Berth did not write it, or it was changed.");
  TRY_ASSIGN(const Secret key, key_of(passphrase, sealed, cost));
  std::string plain(sealed.size() - sealed_at - tag_bytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, bytes_of(sealed) + sealed_at, sealed.size() - sealed_at,
      bytes_of(sealed), nonce_at, bytes_of(sealed) + nonce_at, bytes_of(key.reveal()));
  Secret out(plain);
  wipe(plain);
  if (opened != 0) return fail(Code::Unauthenticated, "The passphrase is wrong, or the file was changed.");
  return out;
}

}  // namespace berth::crypto
