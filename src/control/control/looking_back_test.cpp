#include "control/looking_back.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

TEST(LookingBack, LinesOfTheBeginningAndOfTheEnd) {
  EXPECT_EQ(first_lines("", 3), "");
  EXPECT_EQ(first_lines("a\nb\nc", 0), "");
  EXPECT_EQ(first_lines("a\nb\nc", 2), "a\nb\n");
  EXPECT_EQ(first_lines("a\nb\nc", 3), "a\nb\nc");
  EXPECT_EQ(first_lines("\n\n", 1), "\n");
  EXPECT_EQ(first_lines("a\nb\n", 1'000'000), "a\nb\n");
  EXPECT_EQ(last_lines("", 3), "");
  EXPECT_EQ(last_lines("a\nb\nc", 0), "");
  EXPECT_EQ(last_lines("a\nb\nc", 1), "c");
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(last_lines("\n\n", 1), "\n");
  EXPECT_EQ(last_lines("\n\n", 2), "\n\n");
  EXPECT_EQ(last_lines("a\nb", 1'000'000), "a\nb");
}

}  // namespace
}  // namespace berth::control
