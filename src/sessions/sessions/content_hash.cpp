#include "sessions/content_hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <span>

#include "base/check.hpp"
#include "crypto/crypto.hpp"

namespace berth::sessions {

std::string content_hash(std::string_view bytes) {
  std::array<std::byte, 32> digest{};
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, EVP_sha256(), nullptr);
  BERTH_CHECK(done == 1 && size == digest.size());
  return crypto::hex(digest);
}

}  // namespace berth::sessions
