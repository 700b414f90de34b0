#include "crypto/passphrase.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace berth::crypto {
namespace {

constexpr PassphraseCost cheap{.rounds = 1, .memory_kib = 64};

std::string sealed(std::string_view plain) { return seal_with_passphrase(Secret("correct horse"), plain, cheap).value(); }

std::string with_number(std::string bytes, std::size_t at, std::uint32_t number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
  return bytes;
}

TEST(Passphrase, OpensWhatItSealedAndNothingElse) {
  for (const std::string& plain : {std::string(), std::string("a key"), std::string(100'000, 'x')}) {
    const auto bytes = sealed(plain);
    EXPECT_TRUE(is_sealed_with_passphrase(bytes));
    EXPECT_EQ(bytes.find("a key"), std::string::npos);
    EXPECT_EQ(open_with_passphrase(Secret("correct horse"), bytes)->reveal(), plain);
  }
  EXPECT_NE(sealed("same"), sealed("same"));
  for (const char* wrong : {"", "Correct horse", "correct horse ", "x"})
    EXPECT_EQ(open_with_passphrase(Secret(wrong), sealed("a key")).error().code, Code::Unauthenticated) << wrong;
}

TEST(Passphrase, AnyByteThatWasChangedOrIsMissingIsRefused) {
  const auto good = sealed("a key");
  const Secret passphrase("correct horse");
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i >= 12 && i < 20) continue;  // rounds and memory: other tests, since each try would cost them
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(open_with_passphrase(passphrase, bad)) << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(open_with_passphrase(passphrase, good.substr(0, size))) << size;
  EXPECT_FALSE(open_with_passphrase(passphrase, good + "x"));
  EXPECT_EQ(open_with_passphrase(passphrase, with_number(good, 12, 2)).error().code, Code::Unauthenticated);
}

TEST(Passphrase, AFileCannotAskForAnyAmountOfWorkOrMemory) {
  const auto good = sealed("a key");
  const Secret passphrase("correct horse");
  for (const auto& bad : {with_number(good, 12, 0), with_number(good, 12, PassphraseCost::most_rounds + 1), with_number(good, 16, 0),
                          with_number(good, 16, PassphraseCost::most_memory_kib + 1), with_number(good, 16, 0xffffffff)})
    EXPECT_EQ(open_with_passphrase(passphrase, bad).error().code, Code::InvalidArgument);
  EXPECT_EQ(open_with_passphrase(passphrase, with_number(good, 8, 2)).error().code, Code::Unsupported);
}

}  // namespace
}  // namespace berth::crypto
