#include "pty/hidden_line.hpp"

#include <gtest/gtest.h>
#include <termios.h>

#include <array>
#include <future>

#include "os/file.hpp"
#include "pty/pty.hpp"

namespace berth::pty {
namespace {

struct Asked { Result<std::string> line; std::string shown; };

Asked ask(std::string_view keys, std::size_t most = 64) {
  auto pty = Pty::open({.cols = 80, .rows = 24}).value();
  termios before{}, after{};
  EXPECT_EQ(tcgetattr(pty.slave.get(), &before), 0);
  auto line = std::async(std::launch::async, [&] { return read_hidden_line(pty.slave.get(), "Word: ", most); });
  std::string shown;
  const auto read_until = [&](std::string_view text) {
    while (shown.find(text) == std::string::npos) {
      std::array<char, 256> space{};
      const auto got = os::read_some(pty.master.get(), space).value();
      if (got) shown.append(space.data(), *got);
    }
  };
  read_until("Word: ");
  EXPECT_TRUE(os::write_all(pty.master.get(), keys));
  read_until("\r\n");
  Asked out{line.get(), shown};
  EXPECT_EQ(tcgetattr(pty.slave.get(), &after), 0);
  EXPECT_EQ(before.c_lflag, after.c_lflag);
  return out;
}

TEST(HiddenLine, IsWhatWasTypedAndIsNotShown) {
  const auto asked = ask("sesame\r");
  EXPECT_EQ(asked.line.value(), "sesame");
  EXPECT_EQ(asked.shown, "Word: \r\n");
  EXPECT_EQ(ask("\n").line.value(), "");
}

TEST(HiddenLine, KeysTakeBackAndGiveUp) {
  EXPECT_EQ(ask("sésamx\x7f" "e\r").line.value(), "sésame");
  EXPECT_EQ(ask("aé\x7f" "b\r").line.value(), "ab");
  EXPECT_EQ(ask("wrong\x15right\r").line.value(), "right");
  EXPECT_EQ(ask("wrong\x03").line.error().code, Code::Cancelled);
  EXPECT_EQ(ask("\x04").line.error().code, Code::Cancelled);
  EXPECT_EQ(ask("12345", 4).line.error().code, Code::TooLarge);
}

}  // namespace
}  // namespace berth::pty
