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

TEST(Encoding, Utf8KeepsWhatIsRightAndMarksWhatIsNot) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_TRUE(is_utf8("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* wrong : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\xC3", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(wrong)) << wrong;
  EXPECT_EQ(to_utf8("a\xFFz"), "a" + mark + "z");
  EXPECT_EQ(to_utf8("\xE2\x82z"), mark + "z");         // one maximal part, one mark
  EXPECT_EQ(to_utf8("\xE0\x80\x80"), mark + mark + mark);
}

TEST(Encoding, TimesHaveNanosecondsAndUtc) {
  EXPECT_EQ(rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339(WallTime{std::chrono::nanoseconds{1'700'000'000'000'000'042}}), "2023-11-14T22:13:20.000000042Z");
}

}  // namespace
}  // namespace berth::api_http
