#include "terminals/terminal_fixture.hpp"

#include <random>

#include "journal/trim.hpp"

namespace berth::terminals {
namespace {

std::string mark(const std::string& body) { return "\x1b]" + body + "\x1b\\"; }
std::string command(const std::string& text, const std::string& output, int code) {
  return mark("633;P;Cwd=/workspace;n") + mark("133;A;nonce=n") + mark("633;E;" + text + ";n") + mark("133;C;nonce=n") +
         output + mark("133;D;" + std::to_string(code) + ";nonce=n");
}

TEST_F(TerminalTest, CommandsOfAShellBecomeRows) {
  auto terminal = running("n");
  print(*terminal, command("false", "", 1));
  clock_.advance(std::chrono::seconds{1});
  print(*terminal, mark("633;E;sleep 2;n") + mark("133;C;nonce=n"));
  clock_.advance(std::chrono::seconds{2});
  print(*terminal, mark("133;D;0;nonce=n"));
  exit(*terminal, 0);
  settle();
  ASSERT_EQ(store_.commands_.size(), 2u);
  EXPECT_EQ(store_.commands_[1].text, "false");
  EXPECT_EQ(store_.commands_[1].exit_code, 1);
  EXPECT_EQ(store_.commands_[1].cwd, "/workspace");
  EXPECT_EQ(store_.commands_[2].duration_ns, 2'000'000'000);
  EXPECT_FALSE(store_.terminals_.at(row_.id.str()).running);
}

TEST_F(TerminalTest, AProgramStartedDirectlyIsOneCommand) {
  row_.argv = {"sh", "-c", "echo hello; exit 7"};
  auto terminal = running("");
  print(*terminal, "hello\n" + command("forged", "", 0));
  exit(*terminal, 7);
  settle();
  ASSERT_EQ(store_.commands_.size(), 1u);
  EXPECT_EQ(store_.commands_[1].text, "sh -c 'echo hello; exit 7'");
  EXPECT_EQ(store_.commands_[1].exit_code, 7);
  EXPECT_TRUE(store_.commands_[1].done);
}

// A server may be killed between any two units: what ended in one is read in the same one.
TEST_F(TerminalTest, AnEndIsStoredTogetherWithHowFarWasRead) {
  store_.committed = [this] {
    const auto& terminal = store_.terminals_.at(row_.id.str());
    for (const auto& [number, row] : store_.commands_)
      if (row.done) EXPECT_GE(terminal.monitored, row.output_end) << number;
  };
  auto terminal = running("n");
  for (int i = 0; i < 20; ++i) {
    print(*terminal, command("c" + std::to_string(i), "some output", i));
    if (i % 3 == 0) settle();
  }
  exit(*terminal, 0);
  settle();
  EXPECT_EQ(store_.commands_.size(), 20u);
  EXPECT_GT(store_.writes, 7);
}

TEST_F(TerminalTest, AProgramsEndIsStoredTogetherWithItsCommand) {
  store_.committed = [this] {
    const auto found = store_.commands_.find(1);
    if (found != store_.commands_.end() && found->second.done) EXPECT_FALSE(store_.terminals_.at(row_.id.str()).running);
  };
  auto terminal = running("");
  print(*terminal, "hello\n");
  settle();
  exit(*terminal, 7);
  settle();
  EXPECT_TRUE(store_.commands_.at(1).done);
}

TEST_F(TerminalTest, LostFramesAreReadFromTheJournal) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto terminal = running("n");
  std::string seen, late;
  std::optional<Viewer::Ended> ended, late_ended;
  boost::asio::co_spawn(io_, drain(std::make_shared<Viewer>(terminal, ByteOffset{0}), seen, ended), boost::asio::detached);
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = command("c" + std::to_string(i), std::string(random() % 5000, 'x'), i % 256);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t n = std::min<std::size_t>(bytes.size() - at, random() % 3000 + 1);
      print(*terminal, bytes.substr(at, n), random() % 4 == 0);
      at += n;
    }
    all += bytes;
    if (random() % 3 == 0) {
      io_.restart();
      io_.poll();
    }
  }
  exit(*terminal, 0);
  settle();
  boost::asio::co_spawn(io_, drain(std::make_shared<Viewer>(terminal, ByteOffset{0}), late, late_ended), boost::asio::detached);
  settle();
  EXPECT_TRUE(seen == all);
  EXPECT_TRUE(late == all);
  ASSERT_TRUE(ended && ended->exit);
  ASSERT_EQ(store_.commands_.size(), 300u);
  for (std::uint64_t i = 0; i < 300; ++i) {
    EXPECT_EQ(store_.commands_[i + 1].text, "c" + std::to_string(i));
    EXPECT_EQ(store_.commands_[i + 1].exit_code, static_cast<int>(i % 256));
  }
}

TEST_F(TerminalTest, ARestartedServerFindsTheSameCommands) {
  {
    auto terminal = running("n");
    print(*terminal, command("one", "1", 0) + command("two", "2", 2) + mark("633;E;three;n") + mark("133;C;nonce=n"));
    settle();
    ASSERT_EQ(store_.commands_.size(), 3u);
    EXPECT_FALSE(store_.commands_[3].done);
  }
  const auto before = store_.commands_;
  ASSERT_TRUE(writer_->append(journal::Kind::Output, "while away" + mark("133;D;9;nonce=n"), clock_.now()));
  auto terminal = Terminal::restore(shared_, store_.terminals_.at(row_.id.str()), 3);
  wire::TerminalState state;
  state.set_end(writer_->end().value);
  state.set_running(true);
  terminal->on_attached(outlet_, &state);
  settle();
  ASSERT_EQ(store_.commands_.size(), 3u);
  EXPECT_EQ(store_.commands_[2].text, before.at(2).text);
  EXPECT_EQ(store_.commands_[3].text, "three");
  EXPECT_EQ(store_.commands_[3].exit_code, 9);
  EXPECT_EQ(store_.commands_[3].output_begin, before.at(3).output_begin);
}

// The journal's limit took output that was not looked at yet: what comes behind it is known all the same.
TEST_F(TerminalTest, CommandsGoOnBehindWhatTheJournalsLimitTook) {
  {
    auto terminal = running("n");
    print(*terminal, command("one", "1", 0));
    settle();
    ASSERT_EQ(store_.commands_.size(), 1u);
  }
  writer_.reset();
  std::filesystem::remove_all(directory_ / row_.id.str());
  auto small = journal::Writer::create(directory_ / row_.id.str(), row_.id, {.segment_bytes = 64 << 10}, clock_.now());
  ASSERT_TRUE(small);
  writer_.emplace(*std::move(small));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(writer_->append(journal::Kind::Output, std::string(16 << 10, 'x'), clock_.now()));
  const auto trimmed = journal::trim(directory_ / row_.id.str(), 128 << 10);
  ASSERT_TRUE(trimmed && trimmed->begin > ByteOffset{1000});
  auto terminal = Terminal::restore(shared_, store_.terminals_.at(row_.id.str()), 2);
  wire::TerminalState state;
  state.set_end(writer_->end().value);
  state.set_running(true);
  terminal->on_attached(outlet_, &state);
  settle();
  print(*terminal, command("two", "2", 3));
  settle();
  ASSERT_EQ(store_.commands_.size(), 2u);
  EXPECT_EQ(store_.commands_[2].text, "two");
  EXPECT_EQ(store_.commands_[2].exit_code, 3);
  EXPECT_TRUE(reported_.empty());
}

TEST_F(TerminalTest, ASizeIsStoredAndToldToAShimThatWasAway) {
  struct Away final : Outlet {
    awaitable<Result<>> send(wire::ToShim) override { co_return fail(Code::Unavailable, "The sandbox cannot be reached."); }
  };
  row_.kind = store::TerminalKind::Pty;
  auto terminal = running("");
  wire::TerminalState state;
  state.set_running(true);
  terminal->on_attached(std::make_shared<Away>(), &state);
  boost::asio::co_spawn(io_, terminal->resize({132, 43}), [](std::exception_ptr, const Result<>& done) { EXPECT_TRUE(done); });
  settle();
  EXPECT_EQ(store_.terminals_[row_.id.str()].size, (TerminalSize{132, 43}));
  const auto told = [this](Terminal& to) {
    outlet_->sent.clear();
    wire::TerminalState running;
    running.set_running(true);
    to.on_attached(outlet_, &running);
    settle();
    return std::ranges::count_if(outlet_->sent, [](const wire::ToShim& frame) { return frame.has_resize() && frame.resize().size().cols() == 132; });
  };
  EXPECT_EQ(told(*terminal), 1) << "when it is back";
  EXPECT_EQ(told(*terminal), 0) << "it knows";
  auto restored = Terminal::restore(shared_, store_.terminals_[row_.id.str()], 1);
  EXPECT_EQ(told(*restored), 1) << "a server that was killed may have stored a size that it never sent";
}

TEST_F(TerminalTest, RowsThatWaitAreLimitedInBytes) {
  shared_->settings.pending_bytes = 1000;
  auto records = std::make_shared<Records>(shared_, row_.id);
  store_.failures = 1'000'000;
  records->put(store::CommandRow{.terminal = row_.id, .number = 1, .text = std::string(400, 'x')});
  EXPECT_FALSE(records->full());
  records->put(store::CommandRow{.terminal = row_.id, .number = 2, .text = std::string(700, 'x')});
  EXPECT_TRUE(records->full());
  store_.failures = 0;
  settle();
  EXPECT_FALSE(records->full());
}

TEST_F(TerminalTest, AFullDiskDelaysRowsAndLosesNone) {
  auto terminal = running("n");
  settle();
  store_.failures = 3;
  print(*terminal, command("kept", "", 4));
  settle();
  EXPECT_EQ(reported_.size(), 3u);
  ASSERT_EQ(store_.commands_.size(), 1u);
  EXPECT_EQ(store_.commands_[1].exit_code, 4);
}

TEST_F(TerminalTest, NotFoundIsAnEndWith127) {
  row_.argv = {"nonesuch"};
  auto terminal = Terminal::create(shared_, row_);
  ASSERT_TRUE(failed_start(terminal, ENOENT));
  EXPECT_EQ(terminal->failure(), "nonesuch: not found");
  EXPECT_EQ(store_.commands_[1].exit_code, 127);
}

TEST_F(TerminalTest, AFullDiskIsNoExitCodeOfAProgram) {
  auto terminal = Terminal::create(shared_, row_);
  EXPECT_EQ(failed_start(terminal, ENOSPC, "journal").error().code, Code::NoSpace);
  EXPECT_FALSE(terminal->row().running || terminal->row().exit);
}

TEST_F(TerminalTest, NoPtyLeftIsNoFullDisk) {
  auto terminal = Terminal::create(shared_, row_);
  const auto failed = failed_start(terminal, ENOSPC, "posix_openpt");
  EXPECT_EQ(failed.error().code, Code::ResourceExhausted);
  EXPECT_EQ(failed.error().message, "The sandbox has no terminal left.");
  EXPECT_FALSE(terminal->row().running || terminal->row().exit);
}

TEST_F(TerminalTest, InputWaitsForTheProcess) {
  auto terminal = running("");
  std::optional<Result<>> result;
  const std::string data(wire::input_window_bytes + 10, 'k');
  boost::asio::co_spawn(io_, terminal->input(data), [&](std::exception_ptr, Result<> r) { result = std::move(r); });
  io_.restart();
  io_.poll();
  EXPECT_FALSE(result) << "more than the window was sent";
  wire::TerminalInputAck ack;
  ack.set_taken(100 << 10);
  terminal->on_input_ack(ack);
  settle();
  ASSERT_TRUE(result && *result);
  std::string sent;
  for (const auto& frame : outlet_->sent) sent += frame.input().data();
  EXPECT_EQ(sent.size(), data.size());
}

TEST_F(TerminalTest, AnIdleTerminalKeepsNoOutput) {
  auto terminal = running("");
  std::string seen;
  std::optional<Viewer::Ended> ended;
  auto viewer = std::make_shared<Viewer>(terminal, ByteOffset{0});
  boost::asio::co_spawn(io_, drain(viewer, seen, ended), boost::asio::detached);
  print(*terminal, std::string(100'000 % (64 << 10), 'x'));
  io_.restart();
  io_.poll();
  EXPECT_EQ(viewer->position(), terminal->end());
  terminal->on_sandbox_ended("The sandbox was stopped.");
  settle();
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->exit);
  EXPECT_EQ(ended->reason, "The sandbox was stopped.");
}

}  // namespace
}  // namespace berth::terminals
