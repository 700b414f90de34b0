#include "journal/stream_match.hpp"

#include <gtest/gtest.h>

#include "journal/search.hpp"

namespace berth::journal {
namespace {

TEST(StreamMatch, WrongExpressionsAreRefused) {
  for (const char* wrong : {"(", "[a", "a{2000}{2000}", "\\C{1000000}", "(?<=x)y"}) {
    const auto refused = StreamMatch::open(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
  }
  EXPECT_EQ(StreamMatch::open(std::string(max_pattern_bytes + 1, 'a')).error().code, Code::TooLarge);
}

TEST(StreamMatch, AnySplitFindsTheSame) {
  const std::string output = "compiling\r\nlinking\r\ndone in 42 s\r\n$ ";
  for (std::size_t size = 1; size <= output.size(); ++size) {
    auto matcher = StreamMatch::open("done in [0-9]+ s");
    ASSERT_TRUE(matcher);
    std::optional<StreamMatch::Match> found;
    for (std::size_t at = 0; at < output.size() && !found; at += size)
      found = matcher->feed(ByteOffset{1000 + at}, std::string_view(output).substr(at, size));
    ASSERT_TRUE(found) << "pieces of " << size;
    EXPECT_EQ(found->begin, (ByteOffset{1000 + output.find("done")})) << "pieces of " << size;
    EXPECT_EQ(found->text, "done in 42 s");
    EXPECT_EQ(found->end.value - found->begin.value, found->text.size());
  }
}

TEST(StreamMatch, AGapJoinsNothing) {
  auto matcher = StreamMatch::open("ab");
  EXPECT_FALSE(matcher->feed(ByteOffset{0}, "a"));
  EXPECT_FALSE(matcher->feed(ByteOffset{2}, "b"));
  EXPECT_TRUE(matcher->feed(ByteOffset{3}, "ab"));
}

TEST(StreamMatch, TheWindowMovesOn) {
  auto matcher = StreamMatch::open("begin.{10}end");
  const std::string noise(300'000, 'x');
  EXPECT_FALSE(matcher->feed(ByteOffset{0}, noise + "begin.."));
  const auto found = matcher->feed(ByteOffset{300'007}, "........end");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->begin, ByteOffset{300'000});
}

TEST(StreamMatch, AnExplodingPatternDoesNotExplode) {
  auto matcher = StreamMatch::open("(a*)*(a*)*(a|aa)+b");
  ASSERT_TRUE(matcher);
  EXPECT_FALSE(matcher->feed(ByteOffset{0}, std::string(200'000, 'a')));
}

}  // namespace
}  // namespace berth::journal
