#include "vt/queries.hpp"

#include <gtest/gtest.h>

#include "vt/random_stream.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

constexpr TerminalSize size{.cols = 40, .rows = 12};

std::string filtered(std::string_view bytes, std::size_t piece) {
  QueryFilter filter;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) out += filter.without_queries(bytes.substr(at, piece));
  return out + filter.release();
}

TEST(Queries, AreFoundAndLeftOut) {
  for (const std::string query :
       {"\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[=c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[?996n", "\x1b[?2026$p", "\x1b[4$p",
        "\x1b[>q", "\x1b[x", "\x1b[?u", "\x1b[18t", "\x1bZ", "\x1bP+q544e\x1b\\", "\x1bP$qm\x1b\\", "\x1b]10;?\x1b\\", "\x1b]4;7;?\a",
        "\x1b]52;c;?\a", "\x1b]21;foreground=?\a", "\x1b]1337;ReportCellSize\a"}) {
    QueryScanner scanner;
    EXPECT_TRUE(scanner.feed("text" + query + "text")) << query.substr(1);
    for (std::size_t piece = 1; piece <= query.size() + 8; ++piece)
      EXPECT_EQ(filtered("text" + query + "text", piece), "text\x1b\\text") << query.substr(1) << " in pieces of " << piece;
  }
}

TEST(Queries, EverythingElsePasses) {
  for (const std::string bytes :
       {"plain text \xC3\xA4\r\n", "\x1b[31mred\x1b[0m", "\x1b[?1049h\x1b[2J", "\x1b]0;title\a", "\x1b]8;;http://x/?q=1\x1b\\link\x1b]8;;\x1b\\",
        "\x1b[22;0t", "\x1bPq#0;2;0;0;0#0~~\x1b\\", "\x1b[>4;2m", "\x1b[=1;1u", "\x1b]133;A\a", "\x1b[?62;22c"})
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(filtered(bytes, piece), bytes);
  QueryScanner scanner;
  EXPECT_FALSE(scanner.feed("\x1b[31mred\x1b[0m \x1b]0;what?\a"));
}

TEST(Queries, WhatIsBrokenOffNeverMeetsWhatFollows) {
  EXPECT_EQ(filtered("a\x1b[3\x1b[6nb", 1), "a\x1b\\b");
  EXPECT_EQ(filtered("a\x1b]0;x\x1b[6nb", 1), "a\x1b\\b");
  EXPECT_EQ(filtered("a\x1b_Ga=q;x\x1b\\b", 1), "a\x1b\\b");
  EXPECT_EQ(filtered("a\x1b[3\n6nb", 1), "a\n\x1b\\b") << "a control inside is carried out";
  QueryFilter filter;
  EXPECT_EQ(filter.without_queries("a\x1b[3"), "a");
  EXPECT_EQ(filter.release(), "\x1b[3") << "the rest of it comes unfiltered";
  EXPECT_EQ(filter.without_queries("1m"), "1m");
  EXPECT_EQ(filter.without_queries("\x1b_Gx"), "");
  EXPECT_EQ(filter.release(), "\x1b_") << "the rest of an image is no text";
}

TEST(Queries, AStringWithoutEndTakesNoMemory) {
  const std::string image = "\x1bPq" + std::string(1 << 20, '~') + "\x1b\\";
  EXPECT_EQ(filtered(image, 1000), image);
  EXPECT_EQ(filtered("\x1bPq" + std::string(1 << 20, '~') + "\x1b[6nx", 999), "\x1bPq" + std::string(1 << 20, '~') + "\x1b\\x");
}

// Over streams of everything that the screen knows: the filter leaves nothing that it answers, and draws the same; the
// scanner misses nothing that it answers.
TEST(Queries, TheScreenAgrees) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    RandomStream random(seed);
    const std::string bytes = random.make(60);
    Screen whole({.size = size}), without({.size = size});
    QueryScanner scanner;
    whole.feed(bytes);
    const bool asked = scanner.feed(bytes);
    if (!whole.take_replies().empty()) EXPECT_TRUE(asked) << "seed " << seed;
    without.feed(filtered(bytes, 1 + seed % 37));
    EXPECT_EQ(without.take_replies(), "") << "seed " << seed;
    EXPECT_EQ(difference(whole, without), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace berth::vt
