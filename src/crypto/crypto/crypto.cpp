#include "crypto/crypto.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/check.hpp"
#include "crypto/ready.hpp"

namespace berth::crypto {
namespace {
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::span<std::byte> out) { return reinterpret_cast<unsigned char*>(out.data()); }
}  // namespace

void ready() {
  static const bool initialised = sodium_init() >= 0;
  BERTH_CHECK(initialised);
}

void random_bytes(std::span<std::byte> out) {
  ready();
  randombytes_buf(out.data(), out.size());
}

std::string hex(std::span<const std::byte> bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  out.pop_back();
  return out;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  const auto span = std::as_writable_bytes(std::span(raw));
  random_bytes(span);
  return hex(span);
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  ready();
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(message), message.size());
  Digest out;
  crypto_auth_hmacsha256_final(&state, bytes_of(out));
  sodium_memzero(&state, sizeof state);
  return out;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace berth::crypto
