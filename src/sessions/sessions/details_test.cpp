#include "sessions/details.hpp"

#include <gtest/gtest.h>

namespace berth::sessions {
namespace {

TEST(Details, TitlesAreSmallLettersToBeSortedBy) {
  EXPECT_EQ(title_key("Ärger ŻÓŁĆ ΑΒΓ ДОМ 😀 Z"), "ärger żółć αβγ дом 😀 z");
}

TEST(Details, WhatATitleMayBe) {
  const auto verdict = [](std::string_view title) {
    const auto checked = check_title(title);
    return checked ? "" : checked.error().message;
  };
  std::string fifty, more;
  for (int i = 0; i < 50; ++i) fifty += "é";
  EXPECT_EQ(verdict(fifty), "");
  EXPECT_EQ(verdict(fifty + "x"), "\"title\" must have 1 to 50 characters, not 51.");
  EXPECT_EQ(verdict(""), "\"title\" must have 1 to 50 characters, not 0.");
  EXPECT_EQ(verdict("  "), "\"title\" is only spaces.");
  for (const std::string_view bad : {"a\nb", "\x1b[31m", "\x7f", "\xc2\x9b"}) EXPECT_EQ(verdict(bad), "\"title\" holds a control character.");
  EXPECT_EQ(verdict("\xff"), "\"title\" is not valid UTF-8.");
  EXPECT_TRUE(check_description("two\nlines"));
  EXPECT_FALSE(check_description(std::string(251, 'x')));
  EXPECT_FALSE(check_tags({"a", "a"}));
  EXPECT_FALSE(check_tags({""}));
  EXPECT_FALSE(check_tags(std::vector<std::string>(21, "x")));
}

}  // namespace
}  // namespace berth::sessions
