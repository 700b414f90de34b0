#include "os/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/proc.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

SpawnSpec shell(std::string script) {
  SpawnSpec spec;
  spec.argv = {"sh", "-c", std::move(script)};
  spec.env = {"PATH=/usr/bin:/bin", "ONLY=this"};
  return spec;
}

std::string output(SpawnSpec spec, RunOptions options = {}) {
  auto result = run(std::move(spec), std::move(options));
  return result ? result->out + result->err : result.error().describe();
}

TEST(Process, SaysHowItEnded) {
  EXPECT_EQ(*Process::spawn(shell("exit 7"))->wait(), Exit{Exited{7}});
  EXPECT_EQ(*Process::spawn(shell("kill -TERM $$"))->wait(), Exit{Killed{SIGTERM}});
}

TEST(Process, FailureAfterTheForkComesBack) {
  SpawnSpec spec = shell("true");
  spec.cwd = "/no/such/place";
  spec.executable = "/bin/sh";
  const auto nowhere = Process::spawn(spec);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().operation, "chdir");
  EXPECT_EQ(nowhere.error().sys_errno, ENOENT);
  ScratchDir dir;
  ASSERT_TRUE(durable_write(dir / "script", "#!/no/such/interpreter\n", 0755));
  spec = shell("");
  spec.argv = {(dir / "script").string()};
  const auto no_interpreter = Process::spawn(spec);
  ASSERT_FALSE(no_interpreter);
  EXPECT_EQ(no_interpreter.error().operation, "exec");
  EXPECT_EQ(no_interpreter.error().sys_errno, ENOENT);
}

TEST(Process, LookupTellsNotFoundFromNotExecutable) {
  ScratchDir dir;
  ASSERT_TRUE(durable_write(dir / "plain", "", 0644));
  ASSERT_TRUE(durable_write(dir / "tool", "#!/bin/sh\n", 0755));
  const std::string path = "/nowhere:" + dir.path().string();
  EXPECT_EQ(find_executable("tool", path).value_or(""), (dir / "tool").string());
  EXPECT_EQ(find_executable("plain", path).error().sys_errno, EACCES);
  EXPECT_EQ(find_executable("none", path).error().sys_errno, ENOENT);
  EXPECT_EQ(find_executable("", path).error().sys_errno, ENOENT);
  EXPECT_EQ(find_executable(dir.path(), {}).error().sys_errno, EACCES);
  EXPECT_EQ(find_executable("./tool", {}, dir.path()).value_or(""), "./tool");
}

TEST(Process, ChildHasExactlyItsEnvironmentAndDescriptors) {
  EXPECT_EQ(output(shell("env | grep -v ^PWD= | grep -v ^_= | sort")), "ONLY=this\nPATH=/usr/bin:/bin\n");
  auto pipe = *make_pipe();
  UniqueFd leaky{::fcntl(pipe.read.get(), F_DUPFD, 90)};  // not CLOEXEC
  SpawnSpec spec = shell("ls /proc/self/fd; cat <&7 >&2");
  spec.fds = {{pipe.read.get(), 7}};
  ASSERT_TRUE(write_all(pipe.write.get(), "through 7"));
  pipe.write.reset();
  EXPECT_EQ(output(spec), "0\n1\n2\n3\n7\nthrough 7");  // 3 is the directory
}

TEST(Process, ChildHasDefaultSignalsItsOwnSessionUmaskAndLimits) {
  ignore_signal(SIGPIPE);
  SpawnSpec spec = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; ulimit -n; echo sid $(ps -o sid= -p $$) $$");
  spec.umask = 027;
  spec.open_files = {64, 64};
  const std::string text = output(spec);
  EXPECT_NE(text.find("SigBlk:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("SigIgn:\t0000000000000000"), std::string::npos) << text;
  EXPECT_NE(text.find("\n0027\n64\n"), std::string::npos) << text;
  std::istringstream own{text.substr(text.find("sid ") + 4)};
  pid_t session = -1;
  pid_t pid = 0;
  own >> session >> pid;
  EXPECT_EQ(session, pid) << text;
  spec.reset_signals = changed_signals();
  EXPECT_NE(std::ranges::find(*spec.reset_signals, SIGPIPE), spec.reset_signals->end());
  EXPECT_NE(output(spec).find("SigIgn:\t0000000000000000"), std::string::npos);
}

TEST(Process, AnotherUserIsCompletely) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  SpawnSpec spec = shell("id -u; id -g; id -G");
  spec.user = {1234, 1235};
  EXPECT_EQ(output(spec), "1234\n1235\n1235\n");
}

TEST(Process, DestructionKillsAndReaps) {
  UniqueFd pidfd;
  pid_t pid = 0;
  {
    auto process = *Process::spawn(shell("sleep 1000"));
    pid = process.pid();
    pidfd = *open_pidfd(pid);
    EXPECT_FALSE(*process.try_wait());
    EXPECT_FALSE(*process.wait_for(std::chrono::milliseconds{1}));
  }
  EXPECT_TRUE(*wait_ready(pidfd.get(), POLLIN, std::chrono::seconds{20}));
  EXPECT_FALSE(read_stat(pid));
}

TEST(Process, IdentityIsNotThePidAlone) {
  auto process = *Process::spawn(shell("sleep 1000"));
  auto identity = *ProcessIdentity::of(process.pid());
  EXPECT_TRUE(identity.verify());
  EXPECT_TRUE(identity.open());
  auto other = identity;
  other.start_time += 1;
  EXPECT_FALSE(other.verify());
  EXPECT_FALSE(other.open());
  other = identity;
  other.boot_id = "another boot";
  EXPECT_FALSE(other.verify());
  const auto fd = *identity.open();
  ASSERT_TRUE(signal_pidfd(fd.get(), SIGKILL));
  EXPECT_TRUE(*wait_ready(fd.get(), POLLIN, std::chrono::seconds{20}));
  EXPECT_FALSE(identity.verify()) << "a zombie does not run";
  (void)process.wait();
  EXPECT_TRUE(signal_pidfd(fd.get(), SIGKILL)) << "gone already is fine";
}

TEST(Run, FeedsAndTakesAtOnceWithinItsLimit) {
  const std::string much(3 << 20, 'm');
  auto result = run(shell("tee /dev/stderr"), {.input = much, .output_limit = 1 << 20});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->truncated);
  EXPECT_TRUE(result->out == much.substr(0, 1 << 20));
  EXPECT_EQ(result->err.size(), 1u << 20);
  EXPECT_EQ(output(shell("exec <&-; echo done"), {.input = much}), "done\n");
}

TEST(Run, KillsTheSessionAtItsDeadline) {
  const auto started = std::chrono::steady_clock::now();
  const auto result = run(shell("sleep 1000 & sleep 1000"), {.timeout = std::chrono::milliseconds{50}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{20});
}

TEST(Proc, StatSurvivesHostileNames) {
  const auto stat = parse_stat("42 (a) R 1 (x) S 7 8 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 123456 1 2 3\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "a) R 1 (x");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->session, 9);
  EXPECT_EQ(stat->start_time, 123456u);
  for (const char* bad : {"", "42", "42 (x", "x (y) S 1", "42 (x) S 1 2", ") 42 ("}) EXPECT_FALSE(parse_stat(bad)) << bad;
  EXPECT_TRUE(proportional_memory(::getpid()).value_or(0) > 0);
  EXPECT_FALSE(own_executable().empty());
}

}  // namespace
}  // namespace berth::os
