#pragma once
// Sealing bytes at rest: encrypted, authenticated, bound to what stands beside them.
//
// Problem: stored bytes must not be read, changed, moved or swapped by who can write the disk. One Aead is one key; the
// caller never uses a counter twice with it. Two algorithms, named in what is stored: AES-256-GCM where the processor has
// the instructions, XChaCha20-Poly1305 elsewhere (docs/decisions/0007-sealed-journals.md).
// Owner: the expanded key, wiped when freed. Thread: any number may use one at a time each; const calls are safe together.
// Errors: Unsupported (an algorithm that this processor or this version lacks); open() says false for bytes that fail.
//
// Sources: AES-256-GCM NIST SP 800-38D, XChaCha20-Poly1305 draft-irtf-cfrg-xchacha, BLAKE2b RFC 7693; all from libsodium.
//
// Example (std::string_view key):
//   #include <string>
//   TRY_ASSIGN(const crypto::Aead aead, crypto::Aead::open(crypto::Aead::preferred(), key));
//   std::string sealed(5 + crypto::Aead::tag_bytes, '\0'), plain(5, '\0');
//   aead.seal(1, "header", "hello", sealed.data());
//   const bool whole = aead.open(1, "header", sealed, plain.data());

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "crypto/crypto.hpp"

namespace berth::crypto {

class Aead {
 public:
  enum class Algorithm : std::uint32_t { None = 0, Aes256Gcm = 1, XChaCha20Poly1305 = 2 };
  static constexpr std::size_t key_bytes = 32;
  static constexpr std::size_t tag_bytes = 16;

  static Algorithm preferred();  // of this processor
  static Result<Aead> open(Algorithm algorithm, std::string_view key);

  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // Writes plain.size() + tag_bytes to `out`, the tag last. `out` may be where `plain` is.
  void seal(std::uint64_t counter, std::string_view associated, std::string_view plain, char* out) const;
  // Writes sealed.size() - tag_bytes to `out`, or returns false and leaves zeros there.
  [[nodiscard]] bool open(std::uint64_t counter, std::string_view associated, std::string_view sealed, char* out) const;

 private:
  struct State;
  Aead();
  std::unique_ptr<State> state_;
};

// A key for one purpose from another: keyed BLAKE2b-256 of `context`.
[[nodiscard]] Digest derive_key(std::string_view key, std::string_view context);

}  // namespace berth::crypto
