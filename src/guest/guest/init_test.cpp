// Real processes below a real init, over both kinds of channel.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>

#include "guest/init_client.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"

namespace berth::guest {
namespace {

using namespace std::string_literals;

using Over = InitClient::Over;
constexpr std::uint64_t much = 1 << 30;

struct Ended {
  std::string out, error;
  int code = -1, signal = 0;
};

// Starts and takes everything until its exit, checking that every position fits.
Ended run_to_end(InitClient& init, wire::ToInit start, std::string input = {}) {
  const std::uint64_t stream = start.start().stream();
  init.send(start);
  init.send(window_request(stream, much));
  Ended ended;
  while (auto frame = init.next()) {
    if (frame->has_window() && frame->window().stream() == stream && !input.empty()) {
      init.send(input_request(stream, 0, std::exchange(input, {})));
      init.send(close_request(stream));
    }
    if (frame->has_start_failed()) {
      ended.error = frame->start_failed().operation();
      ended.code = 1000 + frame->start_failed().sys_errno();
      return ended;
    }
    if (frame->has_output()) {
      std::string& to = frame->output().error() ? ended.error : ended.out;
      EXPECT_EQ(frame->output().offset(), to.size());
      to += frame->output().data();
    }
    if (frame->has_exit()) {
      ended.code = frame->exit().code();
      ended.signal = frame->exit().signal();
      EXPECT_EQ(frame->exit().output(), ended.out.size());
      EXPECT_EQ(frame->exit().error(), ended.error.size());
      return ended;
    }
  }
  ADD_FAILURE() << "the process did not end";
  return ended;
}

class InitTest : public testing::TestWithParam<Over> {
 protected:
  InitTest() : init(GetParam()) {
    auto ready = init.until_case(wire::FromInit::kReady);
    EXPECT_TRUE(ready);
    if (ready) {
      EXPECT_EQ(ready->ready().version(), 1u);
      EXPECT_EQ(ready->ready().uid(), ::getuid());
      EXPECT_TRUE(ready->ready().home().starts_with('/'));
      EXPECT_TRUE(ready->ready().shell().starts_with('/'));
    }
  }
  InitClient init;
};
INSTANTIATE_TEST_SUITE_P(Channels, InitTest, testing::Values(Over::Socket, Over::Pipes),
                         [](const auto& param) { return param.param == Over::Socket ? "Socket" : "Pipes"; });

TEST_P(InitTest, NotFoundAndNotExecutableAreToldApart) {
  const Ended missing = run_to_end(init, start_request(1, {"no-such-program-here"}, false));
  EXPECT_EQ(missing.code, 1000 + ENOENT);
  const Ended denied = run_to_end(init, start_request(2, {"/etc/passwd"}, true));
  EXPECT_EQ(denied.code, 1000 + EACCES);
  auto start = start_request(3, {"true"}, false);
  start.mutable_start()->set_cwd("/no/such/directory");
  const Ended nowhere = run_to_end(init, start);
  EXPECT_EQ(nowhere.code, 1000 + ENOENT);
  EXPECT_EQ(nowhere.error, "chdir");
}

TEST_P(InitTest, ExitCodesAndSignals) {
  EXPECT_EQ(run_to_end(init, start_request(1, {"sh", "-c", "exit 7"}, false)).code, 7);
  EXPECT_EQ(run_to_end(init, start_request(2, {"sh", "-c", "kill -9 $$"}, false)).signal, SIGKILL);
  EXPECT_EQ(run_to_end(init, start_request(3, {"sh", "-c", "exit 8"}, true)).code, 8);
}

TEST_P(InitTest, PipesCarryInputAndBothOutputs) {
  const Ended ended = run_to_end(init, start_request(1, {"sh", "-c", "echo oops >&2; cat"}, false), "some\0input"s);
  EXPECT_EQ(ended.out, "some\0input"s);
  EXPECT_EQ(ended.error, "oops\n");
  EXPECT_EQ(ended.code, 0);
}

TEST_P(InitTest, TerminalHasItsSizeAndItsEndOfInput) {
  auto start = start_request(1, {"sh", "-c", "stty size; stty -echo; echo set; cat; tty"}, true);
  start.mutable_start()->mutable_size()->set_cols(111);
  start.mutable_start()->mutable_size()->set_rows(33);
  const Ended ended = run_to_end(init, start, "no line end");
  EXPECT_NE(ended.out.find("33 111\r\n"), std::string::npos) << ended.out;  // input may be echoed anywhere before "set"
  EXPECT_NE(ended.out.find("set\r\n"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("no line end"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("/dev/pts/"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.code, 0);
}

TEST_P(InitTest, EnvironmentHasItsDefaults) {
  auto start = start_request(1, {"env"}, true);
  auto* variable = start.mutable_start()->add_env();
  variable->set_name("LANG");
  variable->set_value("C");
  const Ended ended = run_to_end(init, start);
  for (const char* expected : {"HOME=/", "USER=", "LOGNAME=", "SHELL=/", "PATH=/usr/local/sbin:", "TERM=xterm-256color"})
    EXPECT_NE(ended.out.find(expected), std::string::npos) << expected << " in " << ended.out;
  EXPECT_NE(ended.out.find("LANG=C\r\n"), std::string::npos) << ended.out;
}

TEST_P(InitTest, NothingComesWithoutAWindowAndNoMoreThanIt) {
  init.send(start_request(1, {"sh", "-c", "echo 0123456789; echo error >&2"}, false));
  ASSERT_TRUE(init.until_case(wire::FromInit::kStarted));
  std::string out, error;
  for (std::uint64_t limit = 3; limit < 20; limit += 3) {
    init.send(window_request(1, limit));
    while (out.size() + error.size() < std::min<std::uint64_t>(limit, 17)) {
      auto frame = init.until_case(wire::FromInit::kOutput);
      ASSERT_TRUE(frame);
      (frame->output().error() ? error : out) += frame->output().data();
    }
    EXPECT_LE(out.size() + error.size(), limit);
  }
  EXPECT_EQ(out, "0123456789\n");
  EXPECT_EQ(error, "error\n");
  EXPECT_TRUE(init.until_case(wire::FromInit::kExit));
}

TEST_P(InitTest, TwentyMegabytesWithSmallWindows) {
  constexpr std::size_t total = 20 << 20;
  const std::string program =
      "import sys\nfor i in range(20):\n sys.stdout.buffer.write(bytes([65 + i]) * (1 << 20))\n";
  init.send(start_request(1, {"python3", "-c", program}, false));
  constexpr std::uint64_t window = 50'001;
  init.send(window_request(1, window));
  std::size_t have = 0;
  while (auto frame = init.next()) {
    if (frame->has_exit()) break;
    if (!frame->has_output()) continue;
    ASSERT_EQ(frame->output().offset(), have);
    for (char c : frame->output().data()) {
      ASSERT_EQ(c, static_cast<char>('A' + (have >> 20)));
      ++have;
    }
    init.send(window_request(1, have + window));
  }
  EXPECT_EQ(have, total);
}

TEST_P(InitTest, LargeInputWaitsForItsWindow) {
  init.send(start_request(1, {"sh", "-c", "sleep 0.1; sha256sum"}, false));
  init.send(window_request(1, much));
  std::string all;
  for (int i = 0; i < 300'000; ++i) all += std::to_string(i);
  std::size_t sent = 0;
  std::string out;
  while (auto frame = init.next()) {
    if (frame->has_window()) {
      const std::size_t limit = std::min<std::uint64_t>(frame->window().limit(), all.size());
      const std::size_t again = sent < 10 ? sent : 10;  // bytes that it has already are dropped
      for (std::size_t at = sent - again; at < limit;) {
        const std::size_t piece = std::min<std::size_t>(limit - at, 100'000);
        init.send(input_request(1, at, all.substr(at, piece)));
        at += piece;
      }
      sent = std::max(sent, limit);
      if (sent == all.size()) init.send(close_request(1));
    }
    if (frame->has_output()) out += frame->output().data();
    if (frame->has_exit()) break;
  }
  const auto expected = *os::run({"sha256sum"}, {.input = all});
  EXPECT_EQ(out, expected.out);
}

TEST_P(InitTest, QuiesceInTheMiddleAndResumeGivesEveryByteOnce) {
  init.send(start_request(1, {"seq", "1", "200000"}, true));
  constexpr std::uint64_t window = wire::window_bytes;
  init.send(window_request(1, window));
  std::string out;
  auto take = [&](const wire::Output& output) {
    if (output.offset() + output.data().size() <= out.size()) return;
    ASSERT_LE(output.offset(), out.size());
    out += output.data().substr(out.size() - output.offset());
  };
  int rounds = 0;
  for (bool ended = false; !ended;) {
    auto frame = init.next();
    ASSERT_TRUE(frame);
    if (frame->has_output()) {
      take(frame->output());
      init.send(window_request(1, out.size() + window));
      if (out.size() > 100'000u * static_cast<unsigned>(rounds + 1)) {
        ++rounds;
        const std::size_t kept = out.size();  // a checkpoint: what comes after it is lost on the way
        wire::ToInit quiesce;
        quiesce.mutable_quiesce();
        init.send(quiesce);
        const auto quiesced = init.until_case(wire::FromInit::kQuiesced);
        ASSERT_TRUE(quiesced);
        if (quiesced->quiesced().positions_size() == 0) {  // it had ended: all of it came before
          for (const auto& earlier : init.seen)
            if (earlier.has_output()) take(earlier.output());
          break;
        }
        init.seen.clear();
        EXPECT_GE(quiesced->quiesced().positions(0).output(), kept);
        EXPECT_FALSE(init.next(std::chrono::milliseconds{20})) << "init spoke while it was quiesced";
        wire::ToInit resume;
        auto* position = resume.mutable_resume()->add_positions();
        position->set_stream(1);
        position->set_output(kept);
        init.send(resume);
        init.send(window_request(1, out.size() + window));
      }
    }
    ended = frame->has_exit();
  }
  std::string expected;
  for (int i = 1; i <= 200'000; ++i) expected += std::to_string(i) + "\r\n";
  EXPECT_GT(rounds, 5);
  EXPECT_TRUE(out == expected) << out.size() << " instead of " << expected.size();
}

TEST_P(InitTest, RequestsGoOnWhileQuiescedAndStartsWait) {
  wire::ToInit message;
  message.mutable_quiesce();
  init.send(message);
  ASSERT_TRUE(init.until_case(wire::FromInit::kQuiesced));
  init.send(start_request(1, {"true"}, false));
  message.mutable_file()->set_path("/");
  init.send(message);
  auto reply = init.next();
  ASSERT_TRUE(reply && reply->has_file());
  EXPECT_EQ(reply->file().entries(0).kind(), wire::FileInfo::DIRECTORY);
  message.mutable_resume();
  init.send(message);
  EXPECT_TRUE(init.until_case(wire::FromInit::kExit));
}

TEST_P(InitTest, SignalsReachTheForegroundGroup) {
  init.send(start_request(1, {"bash", "-ic", "trap 'echo caught' INT; echo go; sleep 100; echo done"}, true));
  init.send(window_request(1, much));
  std::string out;
  while (out.find("go\r\n") == std::string::npos) {
    auto frame = init.until_case(wire::FromInit::kOutput);
    ASSERT_TRUE(frame) << out;
    out += frame->output().data();
  }
  wire::ToInit message;
  message.mutable_signal()->set_stream(1);
  message.mutable_signal()->set_signal(SIGKILL);
  init.send(message);
  auto exit = init.until_case(wire::FromInit::kExit);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit().signal(), SIGKILL);

  init.send(start_request(2, {"sleep", "100"}, true));
  message.mutable_signal()->set_stream(2);
  message.mutable_signal()->set_signal(SIGINT);
  message.mutable_signal()->set_group(true);
  init.send(message);
  exit = init.until([](const wire::FromInit& frame) { return frame.has_exit() && frame.exit().stream() == 2; });
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit().signal(), SIGINT);
}

TEST_P(InitTest, ResizeIsSeenByTheProgram) {
  init.send(start_request(1, {"bash", "-c", "trap 'stty size; exit 0' WINCH; echo go; while :; do read -t 0.01; done"}, true));
  init.send(window_request(1, much));
  ASSERT_TRUE(init.until([](const wire::FromInit& frame) { return frame.output().data().find("go") != std::string::npos; }));
  wire::ToInit message;
  message.mutable_resize()->set_stream(1);
  message.mutable_resize()->mutable_size()->set_cols(91);
  message.mutable_resize()->mutable_size()->set_rows(17);
  init.send(message);
  EXPECT_TRUE(init.until([](const wire::FromInit& frame) { return frame.output().data().find("17 91") != std::string::npos; }));
}

TEST_P(InitTest, OrphansAreReaped) {
  const Ended ended = run_to_end(init, start_request(1, {"sh", "-c", "(sh -c 'exec true' & echo $!) ; exit 0"}, false));
  EXPECT_EQ(ended.code, 0);
  const Ended later = run_to_end(init, start_request(2, {"sh", "-c", "sleep 0.05; ps -o stat= --ppid $PPID | grep -c Z"}, false));
  EXPECT_EQ(later.out, "0\n");
}

TEST_P(InitTest, OutputLeftBehindComesBeforeTheExit) {
  for (std::uint64_t stream = 1; stream <= 20; ++stream) {
    const bool pty = stream % 2 == 0;
    const Ended ended = run_to_end(init, start_request(stream, {"sh", "-c", "printf %03000d 0; (sleep 100)& exit 3"}, pty));
    EXPECT_EQ(ended.out.size(), 3000u) << stream;
    EXPECT_EQ(ended.code, 3);
  }
}

TEST_P(InitTest, ShutdownEndsEverythingEvenTheStubborn) {
  init.send(start_request(1, {"sh", "-c", "trap '' TERM HUP; echo go; while :; do sleep 1; done"}, true));
  init.send(start_request(2, {"bash", "-i"}, true));
  init.send(window_request(1, much));
  init.send(window_request(2, much));
  ASSERT_TRUE(init.until([](const wire::FromInit& frame) { return frame.output().data().find("go") != std::string::npos; }));
  wire::ToInit message;
  message.mutable_shutdown()->set_grace_ms(50);
  init.send(message);
  int exits = 0;
  while (auto frame = init.next()) exits += frame->has_exit();
  EXPECT_EQ(exits, 2);
  EXPECT_EQ(init.exit_status(), 0) << init.log;
}

TEST_P(InitTest, EndsWithItsChannelAndTakesItsProcessesAlong) {
  init.send(start_request(1, {"sleep", "1000"}, false));
  auto started = init.until_case(wire::FromInit::kStarted);
  ASSERT_TRUE(started);
  const auto process = os::open_pidfd(started->started().pid());
  ASSERT_TRUE(process);
  init.close_channel();
  EXPECT_TRUE(*os::wait_ready(process->get(), POLLIN, std::chrono::seconds{20}));
  EXPECT_EQ(init.exit_status(), 0) << init.log;
}

TEST_P(InitTest, ABrokenChannelEndsInitWithALine) {
  init.send_bytes(std::string("\x04\0\0\0\xff\xff\xff\xff", 8));
  EXPECT_EQ(init.exit_status(), 1);
  EXPECT_NE(init.log.find("berth-init: damaged"), std::string::npos) << init.log;
}

TEST_P(InitTest, AnOversizedFrameEndsInit) {
  init.send_bytes("\xff\xff\xff\x7f");
  EXPECT_EQ(init.exit_status(), 1);
  EXPECT_NE(init.log.find("too_large"), std::string::npos) << init.log;
}

TEST_P(InitTest, InputBeyondItsWindowEndsInit) {
  init.send(start_request(1, {"sleep", "10"}, false));
  for (std::uint64_t at = 0; at <= wire::window_bytes; at += wire::max_data_bytes)
    init.send(input_request(1, at, std::string(wire::max_data_bytes, 'x')));
  EXPECT_EQ(init.exit_status(), 1);
  EXPECT_NE(init.log.find("window"), std::string::npos) << init.log;
}

TEST(InitHandOver, PassesATerminalsMasterOverASocket) {
  InitClient init(Over::Socket);
  init.send(start_request(1, {"sh", "-c", "read line; echo \"got $line\"; exit 5"}, true, true));
  auto started = init.until_case(wire::FromInit::kStarted);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->started().handed_over(), 1);
  ASSERT_EQ(init.fds.size(), 1u);
  ASSERT_TRUE(os::write_all(init.fds[0].get(), "hello\n"));
  auto exit = init.until_case(wire::FromInit::kExit);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit().code(), 5);
  std::string out, piece(4096, '\0');
  for (auto n = os::read_some(init.fds[0].get(), piece); n && *n && **n > 0; n = os::read_some(init.fds[0].get(), piece))
    out += piece.substr(0, **n);  // one read may give less than there is
  EXPECT_EQ(out, "hello\r\ngot hello\r\n");
}

TEST(InitHandOver, PassesThreePipesOverASocket) {
  InitClient init(Over::Socket);
  for (std::uint64_t stream = 1; stream <= 3; ++stream) init.send(start_request(stream, {"cat"}, false, true));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(init.until_case(wire::FromInit::kStarted));
  ASSERT_EQ(init.fds.size(), 9u);
  ASSERT_TRUE(os::write_all(init.fds[3].get(), "second"));
  init.fds[3].reset();
  EXPECT_EQ(os::read_all(init.fds[4].get(), 100).value_or("?"), "second");
  auto exit = init.until_case(wire::FromInit::kExit);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit().stream(), 2u);
}

// All sandboxes' inits are one user of the host, and the kernel counts the descriptors under way of all of them: here
// somebody else of that user has used the number up, until his socket goes.
TEST(InitHandOver, WaitsWhileTheUsersDescriptorsUnderWayAreUsedUp) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  const auto become_user = [] {
    constexpr uid_t nobody_else = 64'321;
    const rlimit files{.rlim_cur = 64, .rlim_max = 64};
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0 || ::setresgid(nobody_else, nobody_else, nobody_else) != 0 ||
        ::setresuid(nobody_else, nobody_else, nobody_else) != 0)
      ::_exit(99);
  };
  auto pair = *os::socket_pair();
  const pid_t other = ::fork();
  if (other == 0) {
    become_user();
    const std::vector<int> many(os::max_passed_fds, 0);
    Result<std::optional<std::size_t>> sent = 0;
    while (sent) sent = os::send_with_fds(pair.first.get(), "x", many);
    ::_exit(sent.error().sys_errno == ETOOMANYREFS ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  ASSERT_EQ(status, 0) << "the number was not used up";

  InitClient init(Over::Socket, {}, [&] {
    pair = {};
    become_user();
  });
  ASSERT_TRUE(init.until_case(wire::FromInit::kReady));
  init.send(start_request(1, {"cat"}, false, true));
  init.send(start_request(2, {"sh", "-c", "exit 3"}, true, true));
  EXPECT_FALSE(init.next(std::chrono::milliseconds{200})) << "nothing was refused";
  EXPECT_EQ(::kill(init.pid(), 0), 0);
  pair = {};
  for (std::uint64_t stream = 1; stream <= 2; ++stream) {
    auto started = init.until_case(wire::FromInit::kStarted);
    ASSERT_TRUE(started);
    EXPECT_EQ(started->started().stream(), stream);
  }
  auto exit = init.until_case(wire::FromInit::kExit);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit().code(), 3);
  ASSERT_EQ(init.fds.size(), 4u);
  ASSERT_TRUE(os::write_all(init.fds[0].get(), "whole"));
  init.fds[0].reset();
  EXPECT_EQ(os::read_all(init.fds[1].get(), 100).value_or("?"), "whole");
}

TEST(InitHandOver, IsRefusedOverPipes) {
  InitClient init(Over::Pipes);
  init.send(start_request(1, {"true"}, true, true));
  auto failed = init.until_case(wire::FromInit::kStartFailed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->start_failed().sys_errno(), EOPNOTSUPP);
}

}  // namespace
}  // namespace berth::guest
