#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Utf8, KeepsWhatIsRightAndMarksWhatIsNot) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_TRUE(is_utf8("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* wrong : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\xC3", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(wrong)) << wrong;
  EXPECT_EQ(to_utf8("a\xFFz"), "a" + mark + "z");
  EXPECT_EQ(to_utf8("\xE2\x82z"), mark + "z");         // one maximal part, one mark
  EXPECT_EQ(to_utf8("\xE0\x80\x80"), mark + mark + mark);
}

}  // namespace
}  // namespace berth
