#pragma once
// Randomness, hashes and comparisons, from libsodium and OpenSSL; nothing here is a primitive of our own. SHA-256 is OpenSSL's,
// which uses the processor's instructions where there are some: a tenth of the time.
//
// Every function may be called from any thread and cannot fail: a kernel without randomness ends the process.
//
// Sources: SHA-256 FIPS 180-4, HMAC RFC 2104.
//
// Example:
//   const auto digest = crypto::Sha256().update("one ").update("two").finish();
//   const std::string shown = crypto::hex(digest);  // as sha256_hex("one two")
//   const auto id = crypto::new_id<SandboxId>();

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/id.hpp"

struct evp_md_ctx_st;

namespace berth::crypto {

using Digest = std::array<std::byte, 32>;

void random_bytes(std::span<std::byte> out);

template <std::size_t N>
[[nodiscard]] std::array<std::byte, N> random_array() {
  std::array<std::byte, N> out;
  random_bytes(out);
  return out;
}

template <class IdType>
[[nodiscard]] IdType new_id() {
  return IdType::from_bits(random_array<16>());
}

[[nodiscard]] std::string hex(std::span<const std::byte> bytes);  // lower case
[[nodiscard]] std::string random_hex(std::size_t bytes);          // 2 * bytes characters: nonces, temporary names

// SHA-256 of something that comes in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256& update(std::string_view bytes);
  [[nodiscard]] Digest finish();  // once

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] Digest sha256(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view message);

// Takes the same time wherever the first difference is. Lengths are not secret.
[[nodiscard]] bool equal(std::string_view a, std::string_view b);
[[nodiscard]] bool equal(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace berth::crypto
