#include "base/id.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Id, RoundTripsAndRejectsWhatIsNotOne) {
  std::array<std::byte, 16> bits{};
  bits[0] = std::byte{0xff};
  const auto id = SandboxId::from_bits(bits);
  EXPECT_EQ(id.str().size(), 30u) << id.str();
  ASSERT_TRUE(SandboxId::parse(id.str()));
  EXPECT_FALSE(TerminalId::parse(id.str()));
  for (const std::string& bad : {std::string("sbx_"), std::string("sbx_../../../../../etc/passwd00"),
                                 id.str() + "0", std::string("sbx_") + std::string(26, '\0')})
    EXPECT_FALSE(SandboxId::parse(bad)) << bad;
}

TEST(Id, DistinctBitsGiveDistinctText) {
  std::array<std::byte, 16> low{}, high{};
  low[15] = std::byte{1};
  EXPECT_NE(SandboxId::from_bits(low), SandboxId::from_bits(high));
}

}  // namespace
}  // namespace berth
