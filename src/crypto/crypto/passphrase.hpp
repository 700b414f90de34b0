#pragma once
// Bytes that a person's passphrase opens: how keys leave this machine without being open to whoever finds the file.
//
// Problem: a passphrase is short, so guessing it must be dear. Argon2id makes a key of it, with memory and rounds that stand in
// the file, so that they can grow later. A file from elsewhere names no more than `most`: it cannot make us fill the memory.
// Owner: the key in locked memory, wiped. Thread: any; takes about a second and `memory_kib`. Blocks.
// Errors: InvalidArgument (no such bytes, more cost than `most`), Unauthenticated (the passphrase is wrong, or a byte was changed:
// the two look the same), Unsupported (newer), ResourceExhausted (the memory is not there).
//
//   sealed   magic "BERTHPWD" 8 | version u32 | rounds u32 | memory in KiB u32 | salt 16 | nonce 24 | ciphertext | tag 16
//            little-endian; XChaCha20-Poly1305; associated: all before the nonce
//
// Source: Argon2id version 1.3, RFC 9106; from libsodium (crypto_pwhash).
//
// Example (const crypto::Secret& passphrase):
//   TRY_ASSIGN(const std::string sealed, crypto::seal_with_passphrase(passphrase, "a key"));
//   TRY_ASSIGN(const crypto::Secret plain, crypto::open_with_passphrase(passphrase, sealed));

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace berth::crypto {

struct PassphraseCost {
  std::uint32_t rounds = 3, memory_kib = 256 << 10;
  static constexpr std::uint32_t most_rounds = 16, most_memory_kib = 1 << 20;
};

[[nodiscard]] bool is_sealed_with_passphrase(std::string_view bytes);  // by its first bytes
Result<std::string> seal_with_passphrase(const Secret& passphrase, std::string_view plain, PassphraseCost cost = {});
Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed);

}  // namespace berth::crypto
