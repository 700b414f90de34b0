#include "crypto/signing.hpp"

#include <sodium.h>

#include "base/check.hpp"
#include "crypto/ready.hpp"

namespace berth::crypto {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// The context's length stands before it: no context and message are another pair's bytes.
std::string in_context(std::string_view context, std::string_view message) {
  BERTH_CHECK(context.size() < 256);
  std::string out(1, static_cast<char>(context.size()));
  return out.append(context).append(message);
}

}  // namespace

static_assert(SigningKey::seed_bytes == crypto_sign_SEEDBYTES && SigningKey::public_bytes == crypto_sign_PUBLICKEYBYTES &&
              SigningKey::signature_bytes == crypto_sign_BYTES);

SigningKey::SigningKey(const Secret& seed) : public_(public_bytes, '\0') {
  ready();
  BERTH_CHECK(seed.size() == seed_bytes);
  std::string secret(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_seed_keypair(bytes_of(public_), bytes_of(secret), bytes_of(seed.reveal()));
  secret_ = Secret(secret);
  wipe(secret);
}

std::string SigningKey::sign(std::string_view context, std::string_view message) const {
  const std::string all = in_context(context, message);
  std::string out(signature_bytes, '\0');
  crypto_sign_detached(bytes_of(out), nullptr, bytes_of(all), all.size(), bytes_of(secret_.reveal()));
  return out;
}

bool verify(std::string_view public_key, std::string_view context, std::string_view message, std::string_view signature) {
  ready();
  if (public_key.size() != SigningKey::public_bytes || signature.size() != SigningKey::signature_bytes) return false;
  const std::string all = in_context(context, message);
  return crypto_sign_verify_detached(bytes_of(signature), bytes_of(all), all.size(), bytes_of(public_key)) == 0;
}

}  // namespace berth::crypto
