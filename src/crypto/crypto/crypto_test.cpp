#include "crypto/crypto.hpp"

#include <gtest/gtest.h>

#include <set>

#include "crypto/api_key.hpp"
#include "crypto/secret.hpp"
#include "log/log.hpp"

namespace berth::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!log::Loggable<Secret> && !log::Loggable<const Secret&>, "a secret in a log line must not compile");
static_assert(!std::is_convertible_v<Secret, std::string_view>);

TEST(Crypto, Sha256IsTheStandardsOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256{}.update("a").update("").update("bc").finish(), sha256("abc"));
  for (const std::size_t size : {55, 56, 63, 64, 65, 1 << 20}) {
    const std::string bytes(size, 'q');
    Sha256 pieces;
    for (std::size_t at = 0; at < size; at += 1000) pieces.update(std::string_view(bytes).substr(at, 1000));
    EXPECT_EQ(pieces.finish(), sha256(bytes)) << size;
  }
}

TEST(Crypto, HmacIsTheStandardsOne) {  // RFC 4231, test cases 2 and 6 (a key longer than a block)
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crypto, EqualLooksAtEveryByteAndAtTheLength) {
  EXPECT_TRUE(equal(std::string_view("same"), std::string_view("same")));
  EXPECT_FALSE(equal(std::string_view("same"), std::string_view("samE")));
  EXPECT_FALSE(equal(std::string_view("same"), std::string_view("sam")));
  EXPECT_TRUE(equal(std::string_view(), std::string_view()));
}

TEST(Crypto, RandomIsNotRepeated) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_id<SandboxId>().str());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(random_hex(8).size(), 16u);
}

TEST(Secret, HoldsItsBytesAndMoves) {
  Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  Secret moved = std::move(secret);
  EXPECT_EQ(moved.reveal(), "hunter2");
  EXPECT_EQ(Secret::random(32).size(), 32u);
  EXPECT_TRUE(Secret("").empty());
  std::string line = "hunter2";
  wipe(line);
  EXPECT_EQ(line, std::string(7, '\0'));
}

TEST(SecretDeathTest, MemoryIsReadOnlyAndGuarded) {
  const Secret secret("hunter2");
  EXPECT_DEATH(const_cast<char*>(secret.reveal().data())[0] = 'x', "");
  EXPECT_DEATH((void)static_cast<volatile const char*>(secret.reveal().data())[7], "");
}

TEST(ApiKey, RoundTrips) {
  const NewApiKey key = new_api_key();
  const auto presented = parse_api_key(key.text.reveal());
  ASSERT_TRUE(presented) << presented.error().describe();
  EXPECT_EQ(presented->id, key.id);
  EXPECT_TRUE(equal(presented->hash, key.hash));
  EXPECT_EQ(key.text.reveal().find(key.hash), std::string_view::npos);
}

TEST(ApiKey, AnythingElseIsRefused) {
  const NewApiKey key = new_api_key();
  const std::string text(key.text.reveal());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = '!';
    const auto result = parse_api_key(changed);
    ASSERT_FALSE(result) << changed;
    EXPECT_EQ(result.error().code, Code::Unauthenticated);
  }
  for (const std::string& bad : {std::string(), text + "0", text.substr(1), std::string(1 << 20, 'b')})
    EXPECT_FALSE(parse_api_key(bad)) << bad.size();
}

}  // namespace
}  // namespace berth::crypto
