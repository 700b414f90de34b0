#include "pty/raw_mode.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "os/file.hpp"
#include "pty/pty.hpp"

namespace berth::pty {
namespace {

termios modes(int terminal) {
  termios out{};
  EXPECT_EQ(tcgetattr(terminal, &out), 0);
  return out;
}

TEST(RawMode, IsRestoredWhenItEnds) {
  auto pty = Pty::open({.cols = 80, .rows = 24});
  ASSERT_TRUE(pty);
  int terminal = pty->slave.get();
  auto before = modes(terminal);
  ASSERT_NE(before.c_lflag & (ICANON | ECHO | ISIG), 0u);
  {
    auto raw = RawMode::enter(terminal);
    ASSERT_TRUE(raw);
    EXPECT_EQ(modes(terminal).c_lflag & (ICANON | ECHO | ISIG), 0u);
    std::optional<RawMode> moved(std::move(*raw));
    EXPECT_EQ(modes(terminal).c_lflag & ICANON, 0u);
    tcsetattr(terminal, TCSANOW, &before);
    ASSERT_TRUE(moved->enter_again());
    EXPECT_EQ(modes(terminal).c_lflag & ICANON, 0u);
  }
  EXPECT_EQ(modes(terminal).c_lflag, before.c_lflag);
  EXPECT_EQ(modes(terminal).c_iflag, before.c_iflag);
}

TEST(RawMode, NeedsATerminal) {
  auto pipe = os::make_pipe();
  ASSERT_TRUE(pipe);
  EXPECT_FALSE(is_terminal(pipe->read.get()));
  EXPECT_FALSE(RawMode::enter(pipe->read.get()));
}

}  // namespace
}  // namespace berth::pty
