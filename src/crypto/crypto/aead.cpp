#include "crypto/aead.hpp"

#include <sodium.h>

#include <array>
#include <cstring>

#include "base/check.hpp"
#include "crypto/ready.hpp"

namespace berth::crypto {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(char* out) { return reinterpret_cast<unsigned char*>(out); }

template <std::size_t N>
std::array<unsigned char, N> nonce_of(std::uint64_t counter) {
  std::array<unsigned char, N> nonce{};
  std::memcpy(nonce.data(), &counter, sizeof counter);
  return nonce;
}

}  // namespace

struct Aead::State {
  crypto_aead_aes256gcm_state aes;  // aligned by its type
  std::array<unsigned char, key_bytes> key{};
  Algorithm algorithm = Algorithm::None;
  ~State() { sodium_memzero(this, sizeof *this); }
};

Aead::Aead() : state_(std::make_unique<State>()) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

Aead::Algorithm Aead::preferred() {
  ready();
  return crypto_aead_aes256gcm_is_available() != 0 ? Algorithm::Aes256Gcm : Algorithm::XChaCha20Poly1305;
}

Result<Aead> Aead::open(Algorithm algorithm, std::string_view key) {
  BERTH_CHECK(key.size() == key_bytes);
  ready();
  Aead aead;
  aead.state_->algorithm = algorithm;
  switch (algorithm) {
    case Algorithm::Aes256Gcm:
      if (crypto_aead_aes256gcm_is_available() == 0)
        return fail(Code::Unsupported, "This processor has no instructions for AES-256-GCM.", "Read it on one that has.");
      crypto_aead_aes256gcm_beforenm(&aead.state_->aes, bytes_of(key));
      return aead;
    case Algorithm::XChaCha20Poly1305:
      std::memcpy(aead.state_->key.data(), key.data(), key.size());
      return aead;
    case Algorithm::None: break;
  }
  return fail(Code::Unsupported, "These bytes were sealed with an unknown algorithm.", "Use the berth that wrote them.");
}

void Aead::seal(std::uint64_t counter, std::string_view associated, std::string_view plain, char* out) const {
  unsigned long long written = 0;
  if (state_->algorithm == Algorithm::Aes256Gcm) {
    const auto nonce = nonce_of<crypto_aead_aes256gcm_NPUBBYTES>(counter);
    crypto_aead_aes256gcm_encrypt_afternm(bytes_of(out), &written, bytes_of(plain), plain.size(), bytes_of(associated),
                                          associated.size(), nullptr, nonce.data(), &state_->aes);
  } else {
    const auto nonce = nonce_of<crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>(counter);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(out), &written, bytes_of(plain), plain.size(), bytes_of(associated),
                                               associated.size(), nullptr, nonce.data(), state_->key.data());
  }
  BERTH_CHECK(written == plain.size() + tag_bytes);
}

bool Aead::open(std::uint64_t counter, std::string_view associated, std::string_view sealed, char* out) const {
  if (sealed.size() < tag_bytes) return false;
  unsigned long long written = 0;
  if (state_->algorithm == Algorithm::Aes256Gcm) {
    const auto nonce = nonce_of<crypto_aead_aes256gcm_NPUBBYTES>(counter);
    return crypto_aead_aes256gcm_decrypt_afternm(bytes_of(out), &written, nullptr, bytes_of(sealed), sealed.size(),
                                                 bytes_of(associated), associated.size(), nonce.data(), &state_->aes) == 0;
  }
  const auto nonce = nonce_of<crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>(counter);
  return crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(out), &written, nullptr, bytes_of(sealed), sealed.size(),
                                                    bytes_of(associated), associated.size(), nonce.data(),
                                                    state_->key.data()) == 0;
}

Digest derive_key(std::string_view key, std::string_view context) {
  ready();
  Digest out;
  BERTH_CHECK(crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(), bytes_of(context), context.size(),
                                 bytes_of(key), key.size()) == 0);
  return out;
}

}  // namespace berth::crypto
