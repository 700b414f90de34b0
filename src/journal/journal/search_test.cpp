#include "journal/search.hpp"

#include <random>

#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

struct Text {
  Directory home;
  explicit Text(std::string_view text, std::size_t piece = 7, const Key& key = {}) {
    auto writer = create(home.journal(), 1000, key);
    for (std::size_t at = 0; at < text.size(); at += piece)
      EXPECT_TRUE(writer.append(Kind::Output, text.substr(at, piece), at_second(static_cast<int>(at))));
  }
};

// "12:line" for a match, "12-line" for context, the number being the offset.
std::string grep(const std::filesystem::path& dir, const SearchOptions& options, const Key& key = {}) {
  std::string out;
  const auto end = search(dir, key, options, [&](const Line& line) {
    out += std::to_string(line.offset.value) + (line.match ? ':' : '-') + std::string(line.text) + "\n";
    return true;
  });
  return end ? out : "failed: " + std::string(to_string(end.error().code)) + " " + end.error().message;
}

TEST(JournalSearch, FindsLinesWithContext) {
  Text text("one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "four"}), "17:four\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "four", .before = 1, .after = 2}), "10-three\n17:four\n23-five\n29-six\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "t|v", .before = 1, .after = 1}),
            "0-one\n5:two\n10:three\n17-four\n23:five\n29-six\n34:seven\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "^s.*n$"}), "34:seven\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "FOUR", .ignore_case = true}), "17:four\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "e", .max_matches = 2}), "0:one\n10:three\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = ".", .from = ByteOffset{29}, .to = ByteOffset{34}}), "29:six\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "absent"}), "");
}

TEST(JournalSearch, NeverFindsWhatWasTyped) {
  Directory home;
  auto writer = create(home.journal());
  ASSERT_TRUE(writer.append(Kind::Output, "login: ", at_second(1)));
  ASSERT_TRUE(writer.append(Kind::Input, "needle\n", at_second(2)));
  ASSERT_TRUE(writer.append(Kind::Output, "welcome\r\n", at_second(3)));
  EXPECT_EQ(grep(home.journal(), {.pattern = "needle"}), "");
  EXPECT_EQ(grep(home.journal(), {.pattern = "."}), "0:login: welcome\n");
}

TEST(JournalSearch, SeesWhatAPersonSees) {
  Text text("\x1b[1mer\x1b[31mror\x1b[0m: \x1b]8;;http://x\x1b\\link\x1b]8;;\x07\r\nprogress 1\rprogress 2\r\nplain error\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "error", .literal = true}), "0:error: link\n70:plain error\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "^error: link$"}), "0:error: link\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "1 progress 2$"}), "47:progress 1 progress 2\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "error", .raw = true}), "70:plain error\n");
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "\\x1b", .raw = true, .max_matches = 1}).substr(0, 3), "0:\x1b");
}

TEST(JournalSearch, TellsWhenAndWhere) {
  Text text("aaaaaaaaa\nbbbbbbbbb\nccc needle ccc\n", 10);
  std::vector<std::string> seen;
  const auto end = search(text.home.journal(), {}, {.pattern = "needle"}, [&](const Line& line) {
    EXPECT_EQ(line.time, at_second(20));
    EXPECT_EQ(line.end.value, 35u);
    seen.emplace_back(line.text.substr(line.match_begin, line.match_end - line.match_begin));
    return false;
  });
  ASSERT_TRUE(end);
  EXPECT_EQ(seen, std::vector<std::string>{"needle"});
  EXPECT_EQ(end->stopped, SearchEnd::Stopped::Caller);
  EXPECT_EQ(end->matches, 1u);
}

TEST(JournalSearch, RefusesWhatIsNoExpressionOrTooLarge) {
  Text text("x\n");
  const auto& dir = text.home.journal();
  EXPECT_EQ(grep(dir, {.pattern = "(a"}), "failed: invalid_argument The expression is not valid: missing ): (a.");
  EXPECT_TRUE(grep(dir, {.pattern = "((((a{1000}){1000}){1000}){1000})"}).starts_with("failed: invalid_argument"));
  EXPECT_TRUE(grep(dir, {.pattern = std::string(5000, 'a')}).starts_with("failed: too_large"));
  EXPECT_TRUE(grep(dir, {.pattern = "a", .before = 1'000'000}).starts_with("failed: too_large"));
  EXPECT_TRUE(grep(dir, {.pattern = "a", .from = ByteOffset{99}}).starts_with("failed: invalid_argument"));
}

TEST(JournalSearch, AnExplodingExpressionTakesItsTimeAndNoMore) {
  Text text(std::string(300'000, 'a') + "\n", 60'000);
  EXPECT_EQ(grep(text.home.journal(), {.pattern = "(a*)*(a*)*(a*)*b"}), "");
  const auto end = search(text.home.journal(), {}, {.pattern = "b", .time_limit = std::chrono::milliseconds{-1}},
                          [](const Line&) { return true; });
  EXPECT_EQ(end->stopped, SearchEnd::Stopped::Time);
  EXPECT_EQ(end->next, ByteOffset{});
}

TEST(JournalSearch, PassesOverDamageAndSaysSo) {
  Text text("first needle\nsecond needle\nthird needle\n", 100);
  {
    auto writer = Writer::open(text.home.journal());
    ASSERT_TRUE(writer->append(Kind::Output, "lost needle\n", at_second(1)));
    ASSERT_TRUE(writer->append(Kind::Output, "last needle\n", at_second(1)));
  }
  auto bytes = slurp(last_segment(text.home.journal()));
  bytes[bytes.find("lost")] ^= 1;
  spill(last_segment(text.home.journal()), bytes);
  std::uint64_t found = 0;
  const auto end = search(text.home.journal(), {}, {.pattern = "needle"}, [&](const Line&) { return ++found > 0; });
  ASSERT_TRUE(end) << end.error().describe();
  EXPECT_EQ(found, 4u);
  ASSERT_EQ(end->missing.size(), 1u);
  EXPECT_EQ(end->missing[0].begin.value, 40u);
  EXPECT_EQ(end->missing[0].end.value, 52u);
}

TEST(JournalSearch, WhatAPatternNeeds) {
  EXPECT_EQ(required_text("error"), "error");
  EXPECT_EQ(required_text("erro+r"), "erro");
  EXPECT_EQ(required_text("erro*r"), "err");
  EXPECT_EQ(required_text("a(bcd)*efg"), "efg");
  EXPECT_EQ(required_text("a|b"), "");
  EXPECT_EQ(required_text("(?i)abc"), "");
  EXPECT_EQ(required_text("x\\.yz\\d+q"), "x.yz");
  EXPECT_EQ(required_text("[abc]defg[h]"), "defg");
  EXPECT_EQ(required_text("ab c"), "ab");
  EXPECT_EQ(required_text("ab c+d", Spaces::Within), "ab c");
  EXPECT_EQ(required_text("ab{0}c"), "a");
  EXPECT_EQ(required_text("\\Qa.b"), "");
  EXPECT_EQ(required_text("[[:alpha:]]x"), "");
}

// The quick ways give what the slow one gives: each line cleaned, then matched.
TEST(JournalSearch, IsTheSameAsLookingAtEachLine) {
  const std::uint64_t seed = std::getenv("BERTH_SEED") != nullptr ? std::stoull(std::getenv("BERTH_SEED")) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> parts = {"a", "b", "ab", "ba", "\x1b[1m", "\x1b[", "\x1b]0;ab", "\x07", "\x1b\\", "\x1b(B", "\n", "\r\n",
                                          "\r", " ", "abab", "\x1b", "\x1bP", "\t", "m", "0"};
  for (int round = 0; round < 20; ++round) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += parts[random() % parts.size()];
    Text journal(text, 1 + random() % 90, random() % 2 == 0 ? Key() : some_key());
    const Key key = some_key();
    for (const char* pattern : {"aba", "ab+a", "bb", "abm", "a b", "b a m", "^ab", "b$"}) {
      std::string expected;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        // "(?:" hides what the pattern needs: each line is looked at
        const auto slow = grep(journal.home.journal(), {.pattern = std::string("(?:") + pattern + ")", .from = ByteOffset{at},
                                                        .to = ByteOffset{std::min(end + 1, text.size())}}, key);
        expected += slow;
        at = end + 1;
      }
      ASSERT_EQ(grep(journal.home.journal(), {.pattern = pattern}, key), expected) << pattern << " seed " << seed << " round " << round;
    }
  }
}

}  // namespace
}  // namespace berth::journal::testing
