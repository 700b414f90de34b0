#include "api_http/encoding.hpp"

#include <gtest/gtest.h>

namespace berth::api_http {
namespace {

TEST(Encoding, PercentEscapesAreDecodedOrRefused) {
  EXPECT_EQ(percent_decode("a%20b%2fc+d", Plus::Literal), "a b/c+d");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::Space), "a b+");
  for (const char* broken : {"%", "%4", "%zz", "a%2", "%00", "%-1"})
    EXPECT_FALSE(percent_decode(broken, Plus::Space)) << broken;
}

TEST(Encoding, Base64IsExactBothWays) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(base64_encode("Man"), "TWFu");
  for (const char* wrong : {"A", "AA", "AAA", "A===", "AA=A", "AB==", "AAB=", "AA A", "AA\nA", "=AAA", "===="})
    EXPECT_FALSE(base64_decode(wrong)) << wrong;
}

TEST(Encoding, TimesHaveNanosecondsAndUtc) {
  EXPECT_EQ(rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339(WallTime{std::chrono::nanoseconds{1'700'000'000'000'000'042}}), "2023-11-14T22:13:20.000000042Z");
}

}  // namespace
}  // namespace berth::api_http
