#include "crypto/aead.hpp"

#include <gtest/gtest.h>

namespace berth::crypto {
namespace {

std::string sealed(const Aead& aead, std::uint64_t counter, std::string_view associated, std::string_view plain) {
  std::string out(plain.size() + Aead::tag_bytes, '\0');
  aead.seal(counter, associated, plain, out.data());
  return out;
}

TEST(Aead, OpensWhatItSealedAndNothingElse) {
  for (const auto algorithm : {Aead::preferred(), Aead::Algorithm::XChaCha20Poly1305}) {
    const auto aead = Aead::open(algorithm, std::string(32, 'k'));
    ASSERT_TRUE(aead) << aead.error().describe();
    const std::string bytes = sealed(*aead, 7, "header", "some text");
    std::string plain(9, '\0');
    ASSERT_TRUE(aead->open(7, "header", bytes, plain.data()));
    EXPECT_EQ(plain, "some text");
    EXPECT_FALSE(aead->open(8, "header", bytes, plain.data()));
    EXPECT_FALSE(aead->open(7, "Header", bytes, plain.data()));
    EXPECT_FALSE(aead->open(7, "header", bytes.substr(0, 15), plain.data()));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(aead->open(7, "header", changed, plain.data())) << bit;
    }
    const auto other = Aead::open(algorithm, std::string(32, 'o'));
    EXPECT_FALSE(other->open(7, "header", bytes, plain.data()));
  }
}

// NIST GCM test case 16 (McGrew and Viega) has a nonce that is no counter; this one is all zeros, as test case 14.
TEST(Aead, AesIsTheStandardsOne) {
  if (Aead::preferred() != Aead::Algorithm::Aes256Gcm) GTEST_SKIP() << "no AES instructions";
  const auto aead = Aead::open(Aead::Algorithm::Aes256Gcm, std::string(32, '\0'));
  const std::string bytes = sealed(*aead, 0, "", std::string(16, '\0'));
  EXPECT_EQ(hex(std::as_bytes(std::span(bytes))), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Aead, RefusesAnUnknownAlgorithm) {
  EXPECT_EQ(Aead::open(Aead::Algorithm{99}, std::string(32, 'k')).error().code, Code::Unsupported);
  EXPECT_EQ(Aead::open(Aead::Algorithm::None, std::string(32, 'k')).error().code, Code::Unsupported);
}

TEST(DeriveKey, DiffersByKeyAndContext) {
  const std::string one(32, '1'), two(32, '2');
  EXPECT_EQ(derive_key(one, "a"), derive_key(one, "a"));
  EXPECT_NE(derive_key(one, "a"), derive_key(one, "b"));
  EXPECT_NE(derive_key(one, "a"), derive_key(two, "a"));
}

}  // namespace
}  // namespace berth::crypto
