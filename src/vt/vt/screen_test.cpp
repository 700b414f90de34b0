#include "vt/screen.hpp"

#include <gtest/gtest.h>

namespace berth::vt {
namespace {

Screen screen_of(std::string_view bytes, TerminalSize size = {.cols = 10, .rows = 4}, std::uint32_t scrollback = 0) {
  Screen screen({.size = size, .scrollback_lines = scrollback});
  screen.feed(bytes);
  return screen;
}
std::string shown(std::string_view bytes) { return text(screen_of(bytes)); }
std::string answer(std::string_view bytes) { return screen_of(bytes).take_replies(); }

TEST(Screen, SizesAreClamped) {
  EXPECT_EQ(screen_of("", {.cols = 10000, .rows = 0}).size(), (TerminalSize{.cols = 1000, .rows = 1}));
  Screen screen = screen_of("abc");
  screen.resize({.cols = 0, .rows = 65535});
  EXPECT_EQ(screen.size(), (TerminalSize{.cols = 2, .rows = 1000}));
}

TEST(Screen, DamagedAndHostileStatesAreRefused) {
  const std::string saved = save(screen_of("\x1b[31mhello"));
  EXPECT_EQ(load("").error().code, Code::Damaged);
  EXPECT_EQ(load("BVT2" + saved.substr(4)).error().code, Code::Unsupported);
  EXPECT_EQ(load(saved.substr(0, saved.size() - 1)).error().code, Code::Damaged);
  for (std::size_t at = 4; at < saved.size(); ++at) {
    std::string changed = saved;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    const Result<Screen> loaded = load(changed);
    if (loaded) EXPECT_TRUE(at >= 4 && at < 12) << at;  // size and scrollback carry no checksum, but are bounded
  }
  EXPECT_EQ(load(std::string(max_saved_bytes + 1, 'x')).error().code, Code::TooLarge);
}

// One gigabyte of each kind of string would take minutes here; what counts is that nothing is kept of it.
TEST(Screen, UnterminatedSequencesTakeNoMemory) {
  for (const std::string begin :
       {"\x1b]0;", "\x1b]8;;", "\x1bP", "\x1bPq", "\x1bP$q", "\x1b_G", "\x1b^", "\x1bX", "\x1b[", "\x1b[1;"}) {
    Screen screen = screen_of(begin);
    const std::size_t before = screen.memory();
    const std::string block(1 << 20, begin.back() == ';' && begin[1] == '[' ? '7' : 'a');
    for (int i = 0; i < 16; ++i) screen.feed(block);
    EXPECT_LT(screen.memory(), before + (64 << 10)) << begin.substr(1);
  }
}

TEST(Screen, AGigabyteOfAnImageTakesNoMemory) {
  Screen screen = screen_of("\x1bPq");
  const std::size_t before = screen.memory();
  const std::string block(1 << 20, '~');
  for (int i = 0; i < 1024; ++i) screen.feed(block);
  EXPECT_EQ(screen.memory(), before);
  screen.feed("\x1b\\after");
  EXPECT_EQ(text(screen), "after\n");
}

TEST(Screen, InvalidUtf8IsReplacedAsBrowsersDo) {
  EXPECT_EQ(shown("a\xff"
                  "b"),
            "a\uFFFDb\n");
  EXPECT_EQ(shown("\xe2\x94"
                  "b"),
            "\uFFFDb\n");
  EXPECT_EQ(shown("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD\n");
  EXPECT_EQ(shown("\xf0\x9f\x98\x1b[1mx"), "\uFFFDx\n");
}

TEST(Screen, WrapsLateAndJoinsMarks) {
  EXPECT_EQ(shown("0123456789"), "0123456789\n");
  EXPECT_EQ(shown("0123456789\r\nx"), "0123456789\nx\n");
  EXPECT_EQ(shown("0123456789x"), "0123456789\nx\n");
  EXPECT_EQ(shown("012345678会x"), "012345678\n会x\n");
  EXPECT_EQ(shown("\x1b[?7l0123456789abc"), "012345678c\n");
  EXPECT_EQ(shown("012345678e\u0301"), "012345678e\u0301\n");
  EXPECT_EQ(shown("\u0301x"), "x\n");
  EXPECT_EQ(shown("会\x1b[2Gx"), " x\n");
  EXPECT_EQ(shown("会\rx"), "x\n");
}

TEST(Screen, ScrollsWithinItsRegion) {
  EXPECT_EQ(shown("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nX"), "a\nc\nX\nd\n");
  EXPECT_EQ(shown("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[2;1H\x1bMX"), "a\nX\nb\nd\n");
  EXPECT_EQ(shown("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[?6h\x1b[9;1HX"), "a\nb\nX\nd\n");
  EXPECT_EQ(shown("a\r\nb\r\nc\r\nd\x1b[2;3H\x1b[LX"), "a\nX\nb\nc\n");
  EXPECT_EQ(shown("a\r\nb\r\nc\r\nd\x1b[2;3H\x1b[MX"), "a\nX\nd\n");
}

TEST(Screen, EditsCells) {
  EXPECT_EQ(shown("abcdef\x1b[3G\x1b[2@"), "ab  cdef\n");
  EXPECT_EQ(shown("abcdef\x1b[3G\x1b[2P"), "abef\n");
  EXPECT_EQ(shown("abcdef\x1b[3G\x1b[2X"), "ab  ef\n");
  EXPECT_EQ(shown("abcdef\x1b[3G\x1b[K"), "ab\n");
  EXPECT_EQ(shown("abcdef\x1b[3G\x1b[1K"), "   def\n");
  EXPECT_EQ(shown("abc\x1b[2G\x1b[4hXY"), "aXYbc\n");
  EXPECT_EQ(shown("ab\x1b[4b"), "abbbbb\n");
  EXPECT_EQ(shown("\x1b[1\"qab\x1b[0\"qcd\x1b[?2K"), "ab\n");
}

TEST(Screen, KeepsTabs) {
  EXPECT_EQ(text(screen_of("\ta\tb", {.cols = 20, .rows = 2})), "        a       b\n");
  EXPECT_EQ(shown("\x1b[3g\x1b[5G\x1bH\r\tx"), "    x\n");
  EXPECT_EQ(shown("\tx\x1b[Zy"), "        y\n");
  EXPECT_EQ(shown("\x1b[9G\x1b[g\r\tx"), "         x\n");
}

TEST(Screen, RestoresTheCursorWithPenSetsAndOrigin) {
  Screen screen = screen_of(
      "\x1b[2;4r\x1b[?6h\x1b[1;31m\x1b(0\x1b[2;3H\x1b"
      "7\x1b[?6l\x1b[m\x1b(B\x1b[H\x1b"
      "8q");
  EXPECT_EQ(text(screen), "\n\n  ─\n");
  EXPECT_NE(cells_json(screen).find(R"("text":"─","columns":1,"fg":1,"bold":true)"), std::string::npos);
  EXPECT_NE(cells_json(screen).find(R"("origin":true)"), std::string::npos);
  EXPECT_EQ(shown("ab\x1b[s\x1b[2;2Hx\x1b[uc"), "abc\n x\n");
}

TEST(Screen, MovesAsFarAsTheRegionAllows) {
  EXPECT_EQ(shown("\x1b[2;3r\x1b[3;1H\x1b[9Ax"), "\nx\n");
  EXPECT_EQ(shown("\x1b[2;3r\x1b[2;1H\x1b[9Bx"), "\n\nx\n");
  EXPECT_EQ(shown("\x1b[9;99Hx"), "\n\n\n         x\n");
  EXPECT_EQ(shown("\x1b[2;3r\x1b[?6h\x1b[2Ax\x1b[By"), "\nx\n y\n");
  EXPECT_EQ(shown("abc\x1b[2Dx\x1b[Cy"), "axcy\n");
}

TEST(Screen, BackspaceTakesBackAWrapWhenAsked) {
  EXPECT_EQ(shown("0123456789a\b\bX"), "0123456789\nX\n");
  EXPECT_EQ(shown("\x1b[?45h0123456789a\b\bX"), "012345678X\na\n");
}

TEST(Screen, SoftAndHardReset) {
  Screen screen = screen_of("text\x1b[1;31m\x1b[?25l\x1b[4h\x1b[2;3r\x1b[?2004h\x1b[>5u\x1b[!p");
  EXPECT_EQ(difference(screen, screen_of("text\x1b[1;1H\x1b[1;5H")), "cursor x: '0' and '4'");
  screen.feed(
      "\x1b]2;title\x07\x1b[?1049h\x1b[?1003h\x1b"
      "c");
  EXPECT_EQ(difference(screen, screen_of("")), "");
}

TEST(Screen, DrawsLinesOfTheSpecialSet) {
  EXPECT_EQ(shown("\x1b(0lqk\x1b(Blqk"), "┌─┐lqk\n");
  EXPECT_EQ(shown("\x1b)0a\x0elqk\x0f"
                  "a"),
            "a┌─┐a\n");
}

TEST(Screen, TheAlternateScreenLeavesThePrimaryAlone) {
  Screen screen = screen_of("shell\x1b[?1049h\x1b[2J\x1b[Hvim");
  EXPECT_TRUE(screen.alternate());
  EXPECT_EQ(text(screen), "vim\n");
  screen.feed("\x1b[?1049l$");
  EXPECT_FALSE(screen.alternate());
  EXPECT_EQ(text(screen), "shell$\n");
}

TEST(Screen, KeepsSoManyLinesOfScrollback) {
  Screen screen({.size = {.cols = 10, .rows = 2}, .scrollback_lines = 3});
  for (int i = 0; i < 9; ++i) screen.feed(std::to_string(i) + "\r\n");
  EXPECT_EQ(screen.scrollback_lines(), 3u);
  EXPECT_EQ(text(screen), "8\n");
  EXPECT_EQ(text(screen, {.scrollback = true}), "5\n6\n7\n8\n");
  screen.feed("\x1b[3J");
  EXPECT_EQ(text(screen, {.scrollback = true}), "8\n");
}

TEST(Screen, ANewWidthWrapsAnew) {
  Screen screen = screen_of("0123456789abcdef\r\nx", {.cols = 10, .rows = 4}, 10);
  screen.resize({.cols = 20, .rows = 4});
  EXPECT_EQ(text(screen), "0123456789abcdef\nx\n");
  screen.resize({.cols = 6, .rows = 4});
  EXPECT_EQ(text(screen), "012345\n6789ab\ncdef\nx\n");
  EXPECT_EQ(text(screen, {.unwrap = true}), "0123456789abcdef\nx\n");
  screen.feed("y");
  screen.resize({.cols = 6, .rows = 2});
  EXPECT_EQ(text(screen), "cdef\nxy\n");
  screen.resize({.cols = 10, .rows = 4});
  screen.feed("z");
  EXPECT_EQ(text(screen), "0123456789\nabcdef\nxyz\n");
}

TEST(Screen, Answers) {
  EXPECT_EQ(answer("\x1b[c"), "\x1b[?62;22c");
  EXPECT_EQ(answer("ab\x1b[6n"), "\x1b[1;3R");
  EXPECT_EQ(answer("\x1b[?2004h\x1b[?2004$p\x1b[?2026$p\x1b[?999$p"), "\x1b[?2004;1$y\x1b[?2026;2$y\x1b[?999;0$y");
  EXPECT_EQ(answer("\x1b[1;31m\x1bP$qm\x1b\\"), "\x1bP1$r0;1;31m\x1b\\");
  EXPECT_EQ(answer("\x1b[2;3r\x1bP$qr\x1b\\\x1bP$qx\x1b\\"), "\x1bP1$r2;3r\x1b\\\x1bP0$r\x1b\\");
  EXPECT_EQ(answer("\x1b[>5u\x1b[?u\x1b[<u\x1b[?u"), "\x1b[?5u\x1b[?0u");
  EXPECT_EQ(answer("\x1b]11;#102030\x07\x1b]11;?\x07"), "\x1b]11;rgb:1010/2020/3030\x1b\\");
  EXPECT_LE(answer([] {
              std::string many;
              for (int i = 0; i < 100000; ++i) many += "\x1b[c";
              return many;
            }())
                .size(),
            64u << 10);
}

TEST(Screen, TitlesAndLinksAreTold) {
  Screen screen = screen_of("\x1b]2;a\u00e9\xff\x01z\x1b\\\x1b]8;;https://x.example/?a;b\x07link\x1b]8;;\x07.");
  EXPECT_EQ(screen.title(), "aé\uFFFDz");
  EXPECT_NE(cells_json(screen).find(R"("link":"https://x.example/?a;b")"), std::string::npos);
  screen.feed("\x1b]2;lost\x1b[m");
  EXPECT_EQ(screen.title(), "aé\uFFFDz") << "ESC that does not end it drops it";
}

TEST(Screen, ImagesPassBy) {
  EXPECT_EQ(shown("a\x1bPq#0;2;0;0;0#0~~@@vv$-\x1b\\b\x1b_Ga=T,f=24;AAAA\x1b\\c"), "abc\n");
}

TEST(Screen, CellsTellWhatIsNotUsual) {
  const std::string json =
      cells_json(screen_of("\x1b[1;31;4:3;58:5:9mx\x1b[0;48;2;1;2;3m\x1b[K", {.cols = 3, .rows = 1}));
  EXPECT_NE(json.find(R"({"wrapped":false,"runs":[{"text":"x","columns":1,"fg":1,"bold":true,"underline":"curly",)"
                      R"("underline_color":9},{"text":"  ","columns":2,"blank":true,"bg":"#010203"}]})"),
            std::string::npos)
      << json;
}

TEST(Screen, TheImageIsADocument) {
  const std::string image = svg(screen_of("\x1b[7m<&\x1b[m会"));
  EXPECT_TRUE(image.starts_with("<svg ")) << image;
  EXPECT_NE(image.find("&lt;&amp;"), std::string::npos) << image;
}

TEST(Screen, TakesUnder64KiBAt200By50) {
  Screen screen = screen_of("", {.cols = 200, .rows = 50});
  for (int i = 0; i < 20000; ++i)
    screen.feed("\x1b[" + std::to_string(i % 50 + 1) + ";" + std::to_string(i % 200 + 1) + "H\x1b[" +
                std::to_string(30 + i % 8) + ";" + std::to_string(40 + i / 8 % 8) + "mx");
  EXPECT_LT(screen.memory(), 64u << 10);
}

// What lives is on the screen: styles, links and combined characters that scrolled away leave no trace.
TEST(Screen, MemoryFollowsTheScreen) {
  Screen screen = screen_of("", {.cols = 80, .rows = 24});
  for (int i = 0; i < 100000; ++i) {
    const std::string n = std::to_string(i);
    screen.feed("\x1b[38;2;" + std::to_string(i >> 16) + ";" + std::to_string(i >> 8 & 255) + ";" +
                std::to_string(i & 255) + "m\x1b]8;;https://x.example/" + n +
                "\x07"
                "a\xcc" +
                static_cast<char>(0x80 + i % 64) + n + "\r\n");
  }
  EXPECT_LT(screen.memory(), 512u << 10);
  EXPECT_NE(cells_json(screen).find("https://x.example/99999"), std::string::npos);
}

// A character with accents, repeated by seven bytes: a few bytes make many.
TEST(Screen, ScrollbackIsLimitedInBytesToo) {
  Screen screen({.size = {.cols = 1000, .rows = 4}, .scrollback_lines = 100'000});
  EXPECT_FALSE(screen.scrollback_dropped());
  std::string accents;
  for (int i = 0; i < 15; ++i) accents += "\xf0\x9d\x85\xa7";  // four bytes each, the most there are
  for (int line = 0; line < 1200; ++line) screen.feed("e" + accents + "\x1b[998b\r\n");
  EXPECT_LT(screen.memory(), 80u << 20);
  EXPECT_TRUE(screen.scrollback_dropped());
  EXPECT_GT(screen.scrollback_lines(), 500u);
}

}  // namespace
}  // namespace berth::vt
