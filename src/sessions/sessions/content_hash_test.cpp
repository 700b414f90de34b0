#include "sessions/content_hash.hpp"

#include <gtest/gtest.h>

#include "crypto/crypto.hpp"

namespace berth::sessions {
namespace {

TEST(ContentHash, IsSha256) {
  EXPECT_EQ(content_hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const std::size_t size : {1u, 55u, 56u, 63u, 64u, 65u, 1'000'000u}) {
    std::string bytes(size, 'a');
    bytes.back() = '\xff';
    EXPECT_EQ(content_hash(bytes), crypto::sha256_hex(bytes)) << size;
  }
}

}  // namespace
}  // namespace berth::sessions
