#pragma once
// API keys: "berth_<id>_<secret>". The id (26 characters, as in KeyId without its prefix) finds the row; the secret is
// 32 random bytes as 52 characters of the same alphabet. Only the SHA-256 of the secret part is stored: with 256 random
// bits a slow password hash would add nothing. The prefix lets scanners find a leaked key.
//
// Example (const std::string& header, std::string_view stored_hash):
//   #include "crypto/crypto.hpp"
//   const crypto::NewApiKey key = crypto::new_api_key();  // key.text is shown once, key.id and key.hash are stored
//   TRY_ASSIGN(const crypto::PresentedApiKey presented, crypto::parse_api_key(header));
//   const bool known = crypto::equal(stored_hash, presented.hash);

#include <string>
#include <string_view>

#include "base/id.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace berth::crypto {

struct NewApiKey {
  KeyId id;
  Secret text;       // the whole key
  std::string hash;  // hex SHA-256 of the secret part
};

struct PresentedApiKey {
  KeyId id;
  std::string hash;
};

[[nodiscard]] NewApiKey new_api_key();
[[nodiscard]] Result<PresentedApiKey> parse_api_key(std::string_view text);  // Unauthenticated when it is not one

}  // namespace berth::crypto
