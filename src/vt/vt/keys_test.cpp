#include "vt/keys.hpp"

#include <gtest/gtest.h>

#include "vt/screen.hpp"

namespace berth::vt {
namespace {

using namespace std::string_literals;

std::string key(std::string_view name, KeyModes modes = {}) {
  const auto bytes = encode_key(name, modes);
  return bytes ? *bytes : "error: " + bytes.error().message;
}

TEST(Keys, UnknownNamesAreRefusedWithTheNearest) {
  const auto wrong = encode_key("ctrl-entr");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::InvalidArgument);
  EXPECT_EQ(wrong.error().hint, "Did you mean enter?");
  for (const std::string& name : {""s, "hyper-x"s, "f13"s, "ctrl-"s, "ctrl-ctrl"s, "\xff"s, "ab"s, "\n"s, std::string(100'000, 'x')}) {
    const auto refused = encode_key(name);
    ASSERT_FALSE(refused) << name.substr(0, 20);
    EXPECT_LT(refused.error().message.size(), 100u);
  }
  EXPECT_FALSE(encode_key("ctrl-ü"));
  EXPECT_FALSE(encode_key("ctrl-1"));
}

TEST(Keys, CharactersAndControls) {
  EXPECT_EQ(key("a"), "a");
  EXPECT_EQ(key("A"), "A");
  EXPECT_EQ(key("shift-a"), "A");
  EXPECT_EQ(key("-"), "-");
  EXPECT_EQ(key("ü"), "ü");
  EXPECT_EQ(key("ctrl-c"), "\x03");
  EXPECT_EQ(key("Ctrl-C"), "\x03");
  EXPECT_EQ(key("ctrl-space"), std::string(1, '\0'));
  EXPECT_EQ(key("ctrl-["), "\x1b");
  EXPECT_EQ(key("ctrl-?"), "\x7f");
  EXPECT_EQ(key("alt-x"), "\x1bx");
  EXPECT_EQ(key("ctrl-alt-c"), "\x1b\x03");
  EXPECT_EQ(key("alt--"), "\x1b-");
}

TEST(Keys, NamedKeysFollowTheModes) {
  const KeyModes application{.application_cursor = true};
  EXPECT_EQ(key("up"), "\x1b[A");
  EXPECT_EQ(key("up", application), "\x1bOA");
  EXPECT_EQ(key("ctrl-up", application), "\x1b[1;5A");
  EXPECT_EQ(key("home"), "\x1b[H");
  EXPECT_EQ(key("f1"), "\x1bOP");
  EXPECT_EQ(key("shift-f1"), "\x1b[1;2P");
  EXPECT_EQ(key("F5"), "\x1b[15~");
  EXPECT_EQ(key("alt-delete"), "\x1b[3;3~");
  EXPECT_EQ(key("page-down"), "\x1b[6~");
  EXPECT_EQ(key("enter"), "\r");
  EXPECT_EQ(key("shift-tab"), "\x1b[Z");
  EXPECT_EQ(key("backspace"), "\x7f");
  EXPECT_EQ(key("escape"), "\x1b");
}

TEST(Keys, APasteCannotEndItsBrackets) {
  EXPECT_EQ(encode_paste("a\r\nb\n"), "a\rb\r");
  EXPECT_EQ(encode_paste("x\x1b[201~rm -rf /\n", {.bracketed_paste = true}), "\x1b[200~x[201~rm -rf /\r\x1b[201~");
}

TEST(Keys, APastePressesNoKeys) {
  const std::string hostile = "a\x03\x04\x1a\x1b[A\x7f" "b\tc\0d\xc2\x9b" "201~\n"s;
  EXPECT_EQ(encode_paste(hostile), "a[Ab\tcd201~\r");
  EXPECT_EQ(encode_paste(hostile, {.bracketed_paste = true}), "\x1b[200~a[Ab\tcd201~\r\x1b[201~");
  EXPECT_EQ(encode_paste("\xc2\xa0ü\xc2"), "\xc2\xa0ü\xc2") << "what is no control stays as it is";
}

TEST(Keys, ModesAreWhatTheProgramSetLast) {
  Screen screen({.size = {.cols = 80, .rows = 24}});
  const auto after = [&screen](std::string_view output) {
    screen.feed(output);
    return key_modes(screen);
  };
  EXPECT_FALSE(after("text").application_cursor);
  EXPECT_TRUE(after("\x1b[?1h\x1b=").application_cursor);
  EXPECT_FALSE(after("...\x1b[?1l").application_cursor);
  const KeyModes both = after("\x1b[?25;1;2004h");
  EXPECT_TRUE(both.application_cursor && both.bracketed_paste);
  EXPECT_TRUE(after("\x1b[?1049l \x1b[?12").bracketed_paste);
  EXPECT_FALSE(after("\x1b" "c").bracketed_paste);
  EXPECT_FALSE(after("\x1b[1h\x1b[?11h\x1b[?2004x").application_cursor);
}

}  // namespace
}  // namespace berth::vt
