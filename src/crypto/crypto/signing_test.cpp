#include "crypto/signing.hpp"

#include <gtest/gtest.h>

#include "crypto/crypto.hpp"

namespace berth::crypto {
namespace {

std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  return out;
}

TEST(Signing, TheKeyIsTheSeedsAsRfc8032Says) {
  const SigningKey key(Secret(unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")));
  EXPECT_EQ(hex(std::as_bytes(std::span(key.public_key()))), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST(Signing, ASignatureIsForOneKeyContextAndMessage) {
  const SigningKey key(Secret::random(32)), other(Secret::random(32));
  const std::string message("a\0b", 3), signature = key.sign("one", message);
  EXPECT_TRUE(verify(key.public_key(), "one", message, signature));
  EXPECT_FALSE(verify(other.public_key(), "one", message, signature));
  EXPECT_FALSE(verify(key.public_key(), "two", message, signature));
  EXPECT_FALSE(verify(key.public_key(), "on", "e" + message, signature)) << "context and message are kept apart";
  EXPECT_FALSE(verify(key.public_key(), "one", "a", signature));
  EXPECT_FALSE(verify(key.public_key(), "one", message, ""));
  EXPECT_FALSE(verify("", "one", message, signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string changed = signature;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(verify(key.public_key(), "one", message, changed)) << "bit " << bit;
  }
}

}  // namespace
}  // namespace berth::crypto
