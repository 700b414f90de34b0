#include "pty/pty.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/process.hpp"

namespace berth::pty {
namespace {

TEST(Pty, HasTheSizeThatItWasGiven) {
  auto pty = Pty::open({.cols = 100, .rows = 30});
  ASSERT_TRUE(pty) << pty.error().describe();
  EXPECT_EQ(*size(pty->slave.get()), (TerminalSize{.cols = 100, .rows = 30}));
  ASSERT_TRUE(set_size(pty->master.get(), {.cols = 7, .rows = 8}));
  EXPECT_EQ(*size(pty->slave.get()), (TerminalSize{.cols = 7, .rows = 8}));
}

TEST(Pty, OnlyAMasterIsOne) {
  auto pty = *Pty::open({});
  EXPECT_TRUE(is_master(pty.master.get()));
  EXPECT_FALSE(is_master(pty.slave.get()));
  EXPECT_FALSE(is_master(os::open_read("/dev/null")->get()));
  EXPECT_FALSE(is_master(os::make_pipe()->read.get()));
}

TEST(Pty, TellsEchoAndEndOfInput) {
  auto pty = *Pty::open({});
  EXPECT_TRUE(*echoes(pty.master.get()));
  EXPECT_EQ(*end_of_input(pty.master.get()), '\x04');
  termios raw{};
  ASSERT_EQ(::tcgetattr(pty.slave.get(), &raw), 0);
  ::cfmakeraw(&raw);
  ASSERT_EQ(::tcsetattr(pty.slave.get(), TCSANOW, &raw), 0);
  EXPECT_FALSE(*echoes(pty.master.get()));
  EXPECT_FALSE(*end_of_input(pty.master.get()));
}

TEST(Pty, IsTheControllingTerminalOfItsProgram) {
  auto pty = *Pty::open({});
  const int slave = pty.slave.get();
  auto process = os::Process::spawn({.argv = {"sh", "-c", "tty; echo $$; exec sleep 1000"},
                                     .env = os::own_environment(),
                                     .fds = {{slave, 0}, {slave, 1}, {slave, 2}},
                                     .new_session = true,
                                     .controlling_terminal = true});
  ASSERT_TRUE(process) << process.error().describe();
  std::string out;
  const std::string pid = std::to_string(process->pid()) + "\r\n";
  while (out.find(pid) == std::string::npos && *os::wait_ready(pty.master.get(), POLLIN, std::chrono::seconds{20})) {
    std::string chunk(4096, '\0');
    out += chunk.substr(0, (*os::read_some(pty.master.get(), chunk)).value_or(0));
  }
  EXPECT_TRUE(out.starts_with("/dev/pts/")) << out;
  EXPECT_EQ(*foreground_group(pty.master.get()), process->pid());
}

TEST(Pty, FailuresNameTheirCall) {
  auto pipe = *os::make_pipe();
  EXPECT_EQ(size(pipe.read.get()).error().operation, "ioctl TIOCGWINSZ");
  EXPECT_EQ(end_of_input(pipe.read.get()).error().sys_errno, ENOTTY);
}

}  // namespace
}  // namespace berth::pty
