#include "vt/html.hpp"

#include <gtest/gtest.h>

namespace berth::vt {
namespace {

std::string page_of(const Screen& screen, HtmlOptions options = {}) {
  std::string out;
  HtmlWriter writer(screen, std::move(options));
  while (writer.append(out)) {
  }
  return out;
}

std::string body_of(std::string_view output, TerminalSize size = {40, 3}) {
  Screen screen({.size = size, .scrollback_lines = 1000});
  screen.feed(output);
  const std::string page = page_of(screen);
  const auto begin = page.find("<pre>") + 5;
  std::string body = page.substr(begin, page.find("</pre>") - begin);
  body.resize(body.find_last_not_of('\n') + 1);
  return body;
}

TEST(Html, IsTextWithLinesAboveTheScreen) {
  EXPECT_EQ(body_of("one\r\ntwo\r\nthree\r\nfour\r\nfive"), "one\ntwo\nthree\nfour\nfive");
  EXPECT_EQ(body_of("one\r\ntwo\r\nthree\r\nfour\x1b[?1049h\x1b[Hfull"), "full") << "a full-screen program has no lines above";
}

TEST(Html, NothingThatAProgramPrintsIsMarkup) {
  EXPECT_EQ(body_of("<script>alert(1)</script> & \"x\" \xff"), "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; \uFFFD");
  Screen screen({.size = {40, 3}});
  screen.feed("\x1b]8;;https://a/\"><script>\x1b\\l\x1b]8;;\x1b\\ \x1b]8;;javascript:alert(1)\x1b\\m\x1b]8;;\x1b\\");
  const std::string page = page_of(screen, {.title = "</title><script>", .note = "<b>"});
  EXPECT_EQ(page.find("<script"), std::string::npos) << page;
  EXPECT_NE(page.find("<a rel=\"noopener noreferrer\" href=\"https://a/&quot;&gt;&lt;script&gt;\">l</a> m"), std::string::npos) << page;
  EXPECT_NE(page.find("<title>&lt;/title&gt;&lt;script&gt;</title>"), std::string::npos);
  EXPECT_NE(page.find("<p>&lt;b&gt;</p>"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Html, StylesAreKept) {
  EXPECT_EQ(body_of("\x1b[1;3;4;9mx"), "<span style=\"font-weight:bold;font-style:italic;text-decoration:underline line-through\">x</span>");
  EXPECT_EQ(body_of("a\x1b[38;2;255;255;255;48;2;0;0;0m "),
            "a<span class=\"f g\" style=\"--l:#ffffff;--d:#ffffff;--m:#000000;--e:#000000\"> </span>");
  EXPECT_EQ(body_of("\x1b[8mhidden"), "      ") << "invisible text is not in the page";
}

TEST(Html, EveryColourStandsOutOnBothGrounds) {
  for (std::uint32_t color = 0; color < 0x1000000; color += 0x0507F1)
    for (const std::uint32_t ground : {0xffffffu, 0x0d1117u, 0x808080u, 0x00ff00u, 0x0000ffu})
      EXPECT_GE(contrast(readable(color, ground), ground), 4.5) << std::hex << color << " on " << ground;
  EXPECT_EQ(readable(0xffffff, 0x000000), 0xffffffu) << "what stands out stays as it is";
}

TEST(Html, APageOfManyLinesComesInPieces) {
  Screen screen({.size = {20, 5}, .scrollback_lines = 5000});
  for (int i = 0; i < 6000; ++i) screen.feed("line " + std::to_string(i) + "\r\n");
  std::string piece;
  std::size_t largest = 0, pieces = 0;
  for (HtmlWriter writer(screen, {}); writer.append(piece); ++pieces, piece.clear()) largest = std::max(largest, piece.size());
  EXPECT_GT(pieces, 20u);
  EXPECT_LT(largest, std::size_t{8} << 10);
}

}  // namespace
}  // namespace berth::vt
