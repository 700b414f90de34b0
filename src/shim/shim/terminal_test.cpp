#include "shim/terminal.hpp"

#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "journal/cursor.hpp"
#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "pty/pty.hpp"
#include "pty/raw_mode.hpp"
#include "shim/shim_testing.hpp"

namespace berth::shim::testing {
namespace {

using wire::FromShim;

pty::Pty open_pty() {
  auto pty = pty::Pty::open({});
  EXPECT_TRUE(pty) << pty.error().describe();
  return *std::move(pty);
}

struct Pipes {
  os::Pipe in = *os::make_pipe(), out = *os::make_pipe(), error = *os::make_pipe();
  [[nodiscard]] std::vector<int> to_pass() const { return {in.write.get(), out.read.get(), error.read.get()}; }
  // As in init: what was passed is not kept.
  void passed() { in.write.reset(); out.read.reset(); error.read.reset(); }
};

std::string read_exactly(int fd, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes && os::wait_ready(fd, POLLIN, patience).value_or(false)) {
    char buffer[4096];
    const auto got = os::read_some(fd, {buffer, std::min(sizeof buffer, bytes - all.size())});
    if (!got || !*got || **got == 0) break;
    all.append(buffer, **got);
  }
  return all;
}

std::string must_read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string id = terminal_id(1);

TEST(Terminal, APtyThatWasHandedOver) {
  Shim shim;
  auto pty = open_pty();
  const auto process = shim.start(id, true);
  EXPECT_TRUE(process.hand_over());
  shim.started(process.stream(), {pty.master.get()});
  EXPECT_EQ(shim.await(FromShim::kStarted).started().pid(), 42);
  pty.master.reset();

  ASSERT_TRUE(os::write_all(pty.slave.get(), "hello"));
  EXPECT_EQ(read_output(shim.link, id, 5), "hello");
  EXPECT_EQ(shim.journal(id), "hello");

  wire::ToShim resize;
  resize.mutable_resize()->set_terminal_id(id);
  resize.mutable_resize()->mutable_size()->set_cols(132);
  resize.mutable_resize()->mutable_size()->set_rows(50);
  shim.link.send(resize);
  shim.link.send(input_of(id, "ls\n"));
  EXPECT_EQ(read_exactly(pty.slave.get(), 3), "ls\n");
  EXPECT_EQ(pty::size(pty.slave.get()).value(), (TerminalSize{.cols = 132, .rows = 50}));
  EXPECT_EQ(shim.await(FromShim::kInputAck).input_ack().taken(), 3u);

  ASSERT_TRUE(os::write_all(pty.slave.get(), " last words"));
  shim.exit(process.stream(), 7);
  const auto exit = shim.await(FromShim::kExit).exit();
  EXPECT_EQ(exit.code(), 7);
  const std::string all = "hellols\r\n last words";
  EXPECT_EQ(exit.end(), all.size());
  EXPECT_EQ(shim.journal(id), all);
  EXPECT_EQ(journal::summary(shim.home.terminals() / id)->exit, Exit{Exited{7}});
}

// ECHO of a PTY, in canonical mode.
void set_echo(const pty::Pty& pty, bool on) {
  const auto path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(pty.slave.get());
  const auto done = os::run({"stty", "-F", path, on ? "echo" : "-echo"});
  ASSERT_TRUE(done) << done.error().describe();
  ASSERT_EQ(pty::echoes(pty.slave.get()).value(), on);
}

TEST(Terminal, WhatIsTypedIsKeptWhileItEchoes) {
  Shim shim;
  auto pty = open_pty();
  const auto process = shim.start(id, true, {"prog"}, true);
  shim.started(process.stream(), {pty.master.get()});
  shim.await(FromShim::kStarted);
  pty.master.reset();
  std::uint64_t taken = 0;
  const auto type = [&](const std::string& text) {
    shim.link.send(input_of(id, text));
    EXPECT_EQ(read_exactly(pty.slave.get(), text.size()), text);
    taken += text.size();
    while (shim.await(FromShim::kInputAck).input_ack().taken() < taken) {}
  };
  type("ann\n");
  set_echo(pty, false);
  type("password\n");
  set_echo(pty, true);
  type("ls\n");
  {
    auto raw = pty::RawMode::enter(pty.slave.get());
    ASSERT_TRUE(raw);
    type("in raw mode");
  }
  type("exit\n");
  EXPECT_EQ(shim.typed(id), "ann\n|ls\n|exit\n|");
  for (const auto& file : std::filesystem::recursive_directory_iterator(shim.home.dir()))
    if (file.is_regular_file())
      EXPECT_EQ(must_read(file.path()).find("password"), std::string::npos) << file.path();
}

TEST(Terminal, NothingThatIsTypedIsKeptUnlessItIsAskedFor) {
  Shim shim;
  auto pty = open_pty();
  const auto process = shim.start(id, true);
  shim.started(process.stream(), {pty.master.get()});
  pty.master.reset();
  shim.link.send(input_of(id, "ann\n"));
  shim.await(FromShim::kInputAck);
  EXPECT_EQ(shim.typed(id), "");
}

TEST(Terminal, NothingThatGoesIntoAPipeIsKept) {
  Shim shim;
  Pipes pipes;
  const auto process = shim.start(id, false, {"prog"}, true);
  shim.started(process.stream(), pipes.to_pass());
  pipes.passed();
  shim.link.send(input_of(id, "secret"));
  shim.await(FromShim::kInputAck);
  EXPECT_EQ(shim.typed(id), "");
}

TEST(Terminal, NothingIsKeptOfAPtyInBandWhoseEchoIsNotSeen) {
  Shim shim({.channel = sandbox::Channel::InBand});
  const auto process = shim.start(id, true, {"prog"}, true);
  shim.started(process.stream());
  shim.link.send(input_of(id, "secret\n"));
  wire::FromInit window;
  window.mutable_window()->set_stream(process.stream());
  window.mutable_window()->set_limit(100);
  shim.sandbox->init.send(window);
  EXPECT_EQ(shim.await_init(wire::ToInit::kInput).input().data(), "secret\n");
  shim.await(FromShim::kInputAck);
  EXPECT_EQ(shim.typed(id), "");
}

TEST(Terminal, EndOfInputIsTypedIntoAPty) {
  Shim shim;
  auto pty = open_pty();
  const auto process = shim.start(id, true);
  shim.link.send(input_of(id, "early\n"));  // before it started
  wire::ToShim close;
  close.mutable_close_input()->set_terminal_id(id);
  shim.link.send(close);
  shim.started(process.stream(), {pty.master.get()});
  EXPECT_EQ(read_exactly(pty.slave.get(), 6), "early\n");
  ASSERT_TRUE(os::wait_ready(pty.slave.get(), POLLIN, patience).value());
  char byte = 0;
  EXPECT_EQ(os::read_some(pty.slave.get(), {&byte, 1}).value(), 0u);
}

TEST(Terminal, PipesThatWereHandedOver) {
  Shim shim;
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  shim.link.send(input_of(id, "question"));
  EXPECT_EQ(read_exactly(pipes.in.read.get(), 8), "question");
  pipes.passed();
  wire::ToShim close;
  close.mutable_close_input()->set_terminal_id(id);
  shim.link.send(close);
  EXPECT_EQ(read_exactly(pipes.in.read.get(), 1), "");
  ASSERT_TRUE(os::write_all(pipes.error.write.get(), "warning"));
  const auto error = shim.await(FromShim::kOutput).output();
  EXPECT_TRUE(error.error());
  EXPECT_EQ(error.data(), "warning");
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "answer"));
  shim.exit(process.stream(), 0);
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), 13u);
  EXPECT_EQ(shim.journal(id), "warninganswer");
}

TEST(Terminal, AChildThatKeepsThePipeDoesNotHoldTheExitUp) {
  Shim shim;
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "all"));
  shim.exit(process.stream(), 1);
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), 3u);
}

TEST(Terminal, OutputInBandStaysWithinItsWindow) {
  Shim shim({.channel = sandbox::Channel::InBand});
  const auto process = shim.start(id, true);
  EXPECT_FALSE(process.hand_over());
  std::uint64_t limit = shim.await_init(wire::ToInit::kWindow).window().limit();
  EXPECT_EQ(limit, wire::window_bytes);
  shim.started(process.stream());
  const std::string text = numbered(2'000'000);
  for (std::uint64_t at = 0; at < text.size();) {
    while (limit <= at) limit = shim.await_init(wire::ToInit::kWindow).window().limit();
    const auto piece = text.substr(at, std::min<std::uint64_t>(limit - at, 100'000));
    shim.output(process.stream(), at, piece);
    at += piece.size();
  }
  shim.exit(process.stream(), 0, text.size());
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), text.size());
  EXPECT_TRUE(shim.journal(id) == text);
}

TEST(Terminal, InputInBandWaitsForItsWindow) {
  Shim shim({.channel = sandbox::Channel::InBand});
  const auto process = shim.start(id, false);
  shim.started(process.stream());
  const std::string text = numbered(150'000);
  shim.link.send(input_of(id, text));
  wire::ToShim close;
  close.mutable_close_input()->set_terminal_id(id);
  shim.link.send(close);
  std::string got;
  for (std::uint64_t limit = 40'000; got.size() < text.size(); limit += 40'000) {
    wire::FromInit window;
    window.mutable_window()->set_stream(process.stream());
    window.mutable_window()->set_limit(limit);
    shim.sandbox->init.send(window);
    while (got.size() < std::min<std::uint64_t>(limit, text.size())) {
      const auto input = shim.await_init(wire::ToInit::kInput).input();
      EXPECT_EQ(input.offset(), got.size());
      got += input.data();
      ASSERT_LE(got.size(), limit);
    }
  }
  EXPECT_TRUE(got == text);
  EXPECT_EQ(shim.await_init(wire::ToInit::kCloseInput).close_input().stream(), process.stream());
  std::uint64_t taken = 0;
  while (taken < text.size()) taken = shim.await(FromShim::kInputAck).input_ack().taken();
  EXPECT_EQ(taken, text.size());
}

TEST(Terminal, AStuckProcessStopsOnlyItsOwnInput) {
  Shim shim;
  Pipes stuck, well;
  const auto first = shim.start(id, false);
  shim.started(first.stream(), stuck.to_pass());
  const auto second = shim.start(terminal_id(2), false);
  shim.started(second.stream(), well.to_pass());
  shim.link.send(input_of(id, std::string(wire::input_window_bytes, 'x')));
  shim.link.send(input_of(terminal_id(2), "goes through"));
  EXPECT_EQ(read_exactly(well.in.read.get(), 12), "goes through");
  shim.link.send(input_of(id, std::string(wire::input_window_bytes, 'x')));  // beyond the window
  EXPECT_TRUE(shim.link.at_end());
  Peer next = shim.connect();
  next.send(input_of(terminal_id(2), "still"));
  EXPECT_EQ(read_exactly(well.in.read.get(), 5), "still");
}

TEST(Terminal, NoTerminalTwiceAndNoneWithAWrongName) {
  Shim shim;
  shim.start(id, true);
  const auto refused = [&shim](const std::string& name) {
    wire::ToShim frame;
    frame.mutable_start()->set_terminal_id(name);
    frame.mutable_start()->mutable_process()->add_argv("sh");
    shim.link.send(frame);
    return shim.await(FromShim::kStartFailed).start_failed().sys_errno();
  };
  EXPECT_EQ(refused(id), EEXIST);
  EXPECT_EQ(refused("../../etc"), EINVAL);
  std::filesystem::create_directory(shim.home.terminals() / terminal_id(3));
  std::filesystem::copy(shim.home.terminals() / id, shim.home.terminals() / terminal_id(3));
  EXPECT_EQ(refused(terminal_id(3)), EEXIST);  // the journal of an earlier one
}

TEST(Terminal, ACommandThatIsNotThere) {
  Shim shim;
  const auto process = shim.start(id, false);
  wire::FromInit frame;
  frame.mutable_start_failed()->set_stream(process.stream());
  frame.mutable_start_failed()->set_sys_errno(ENOENT);
  frame.mutable_start_failed()->set_operation("exec");
  shim.sandbox->init.send(frame);
  EXPECT_EQ(shim.await(FromShim::kStartFailed).start_failed().sys_errno(), ENOENT);
  Peer later = shim.connect();
  ASSERT_EQ(shim.welcome.welcome().terminals_size(), 1);
  EXPECT_EQ(shim.welcome.welcome().terminals(0).code(), 127);
  EXPECT_EQ(journal::summary(shim.home.terminals() / id)->exit, Exit{Exited{127}});
}

// The journal is the truth: a server that does not read, and one that comes back, find all of it there.
TEST(Terminal, ASlowServerDelaysNobodyAndIsToldTheEnd) {
  Shim shim;
  Peer slow = shim.connect();
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  pipes.passed();
  const std::string text = numbered(8 << 20);
  std::jthread writer([&] {
    EXPECT_TRUE(os::write_all(pipes.out.write.get(), text));
    shim.exit(process.stream(), 0);
  });
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), text.size());
  writer.join();
  EXPECT_TRUE(shim.journal(id) == text);
  std::uint64_t end = 0;
  wire::FromShim frame;
  while (!frame.has_exit() && slow.next(frame)) {
    if (!frame.has_output()) continue;
    EXPECT_EQ(frame.output().offset(), end);  // whatever was left out was left out at the end
    end += frame.output().data().size();
  }
  EXPECT_LT(end, text.size());
  EXPECT_EQ(frame.exit().end(), text.size());
}

TEST(Terminal, AServerThatWasSlowIsToldTheEndWhenItReadsAgain) {
  Shim shim;
  Peer slow = shim.connect();
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  pipes.passed();
  const std::string text = numbered(4 << 20);
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), text));
  std::uint64_t end = 0;
  bool skipped = false;
  while (end < text.size()) {
    const auto output = Shim::await(slow, FromShim::kOutput).output();
    if (output.data().empty()) skipped = true;
    else if (!skipped) EXPECT_EQ(output.offset(), end);
    end = output.offset() + output.data().size();
  }
  EXPECT_TRUE(skipped);
  EXPECT_TRUE(shim.journal(id) == text);
}

TEST(Terminal, AServerThatComesBackFindsWhatItMissed) {
  Shim shim;
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  pipes.passed();
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "seen "));
  EXPECT_EQ(read_output(shim.link, id, 5), "seen ");
  shim.link.close();
  Peer watcher = shim.connect();
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "missed "));
  EXPECT_EQ(Shim::await(watcher, FromShim::kOutput).output().data(), "missed ");
  Peer back = shim.connect();
  ASSERT_EQ(shim.welcome.welcome().terminals_size(), 1);
  EXPECT_EQ(shim.welcome.welcome().terminals(0).end(), 12u);
  EXPECT_TRUE(shim.welcome.welcome().terminals(0).running());
  EXPECT_EQ(shim.journal(id), "seen missed ");
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "live"));
  const auto live = Shim::await(back, FromShim::kOutput).output();
  EXPECT_EQ(live.offset(), 12u);
  EXPECT_EQ(live.data(), "live");
}

TEST(Terminal, TheEndOfTheSandboxKeepsTheLastBytes) {
  Shim shim;
  Pipes pipes;
  const auto process = shim.start(id, false);
  shim.started(process.stream(), pipes.to_pass());
  shim.await(FromShim::kStarted);
  ASSERT_TRUE(os::write_all(pipes.out.write.get(), "the last"));
  shim.end_init();
  const auto exit = shim.await(FromShim::kExit).exit();
  EXPECT_EQ(exit.signal(), 9);
  EXPECT_EQ(exit.end(), 8u);
  EXPECT_EQ(shim.await(FromShim::kSandboxExit).sandbox_exit().code(), "init_died");
  EXPECT_EQ(shim.journal(id), "the last");
}

class FullDisk : public ::testing::TestWithParam<sandbox::Channel> {};

TEST_P(FullDisk, HoldsTheProcessUpAndLosesNothing) {
  Shim shim({.channel = GetParam(), .change = [](wire::ShimSpec& spec) { spec.set_journal_segment_bytes(100'000); }});
  if (!os::mount_tmpfs(shim.home.terminals(), "size=256k")) GTEST_SKIP() << "needs mount(2)";
  const auto process = shim.start(id, false);
  const bool in_band = GetParam() == sandbox::Channel::InBand;
  Pipes pipes;
  shim.started(process.stream(), in_band ? std::vector<int>{} : pipes.to_pass());
  pipes.passed();
  const std::string text = numbered(2'000'000);
  std::jthread writer([&] {
    if (!in_band) {
      EXPECT_TRUE(os::write_all(pipes.out.write.get(), text));
      pipes.out.write.reset();
    } else {
      std::uint64_t limit = 0;
      for (std::uint64_t at = 0; at < text.size();) {
        while (limit <= at) limit = shim.await_init(wire::ToInit::kWindow).window().limit();
        const auto piece = text.substr(at, std::min<std::uint64_t>(limit - at, 50'000));
        shim.output(process.stream(), at, piece);
        at += piece.size();
      }
    }
    shim.exit(process.stream(), 0, in_band ? text.size() : 0);
  });
  const auto failed = shim.await(FromShim::kJournalFailed).journal_failed();
  EXPECT_EQ(failed.sys_errno(), ENOSPC);
  EXPECT_TRUE(text.starts_with(shim.journal(id)));
  EXPECT_TRUE(os::mount_tmpfs(shim.home.terminals(), "size=8m", MS_REMOUNT));
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), text.size());
  writer.join();
  EXPECT_TRUE(shim.journal(id) == text);
  EXPECT_TRUE(os::unmount(shim.home.terminals()));
}

INSTANTIATE_TEST_SUITE_P(Channels, FullDisk, ::testing::Values(sandbox::Channel::PtyHandover, sandbox::Channel::InBand),
                         [](const auto& param) { return param.param == sandbox::Channel::InBand ? "InBand" : "HandedOver"; });

}  // namespace
}  // namespace berth::shim::testing
