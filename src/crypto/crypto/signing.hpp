#pragma once
// Signatures: who made something, for those who hold no secret of his.
//
// A SigningKey is made from 32 random bytes, which the caller keeps (wrapped, as MachineKeys does); the same bytes give the
// same key. A message is signed under a context, so that a signature for one purpose is none for another.
// Owner: the key, in locked memory. Thread: const calls from any. Nothing fails.
//
// Source: Ed25519 RFC 8032, from libsodium.
//
// Example:
//   const crypto::SigningKey key(crypto::Secret::random(crypto::SigningKey::seed_bytes));
//   const std::string signature = key.sign("bundle", "hello");
//   const bool made_by_it = crypto::verify(key.public_key(), "bundle", "hello", signature);

#include <cstddef>
#include <string>
#include <string_view>

#include "crypto/secret.hpp"

namespace berth::crypto {

class SigningKey {
 public:
  static constexpr std::size_t seed_bytes = 32, public_bytes = 32, signature_bytes = 64;
  explicit SigningKey(const Secret& seed);

  [[nodiscard]] const std::string& public_key() const { return public_; }  // 32 bytes
  [[nodiscard]] std::string sign(std::string_view context, std::string_view message) const;  // 64 bytes

 private:
  Secret secret_;
  std::string public_;
};

// False for a key or a signature of a wrong size, too.
[[nodiscard]] bool verify(std::string_view public_key, std::string_view context, std::string_view message, std::string_view signature);

}  // namespace berth::crypto
