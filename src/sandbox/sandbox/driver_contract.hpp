#pragma once
// What every driver must do, as a test suite: a driver's own test instantiates it once for each kind of sandbox that
// the machine can run. The sandbox's init must be one that writes "ready\n" and is a POSIX shell on the channel from
// then on.
//
//   INSTANTIATE_TEST_SUITE_P(Runc, DriverContract, testing::Values(&make_runc_subject));

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "sandbox/driver.hpp"

namespace berth::sandbox {

// Where a driver is tested: makes Specs, and sees what a sandbox left behind.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual Spec spec() = 0;  // a fresh sandbox that starts
  virtual Result<std::unique_ptr<Driver>> open(Spec spec) = 0;
  virtual bool runs(const Spec& spec, int pid) = 0;  // as a process of this sandbox
  // Processes, mounts, cgroups and runtime files that belong to the spec's sandbox; a line each.
  virtual std::vector<std::string> left_behind(const Spec& spec) = 0;
};
using MakeSubject = std::unique_ptr<Subject> (*)();

// The shell at the other end of the channel.
class GuestShell {
 public:
  explicit GuestShell(Started started) : started_(std::move(started)) {}

  // Everything up to `end`, or what came until the deadline or the channel's end.
  std::string read_until(const std::string& end, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
      if (const auto at = buffer_.find(end); at != std::string::npos) {
        auto out = buffer_.substr(0, at);
        buffer_.erase(0, at + end.size());
        return out;
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      const int from = started_.from_init.get();
      if (left.count() <= 0 || !os::wait_ready(from, POLLIN, left).value_or(false)) return "timeout: " + buffer_;
      char chunk[4096];
      const auto n = os::read_some(from, chunk).value_or(0).value_or(0);
      if (n == 0) return "ended: " + buffer_;
      buffer_.append(chunk, n);
    }
  }
  void type(const std::string& line) {
    auto written = os::write_all(started_.to_init.get(), line + "\n");
    EXPECT_TRUE(written) << written.error().describe();
  }
  // Output of a command line, both streams, without the last newline.
  std::string run(const std::string& line) {
    type("{ " + line + "\n} 2>&1 </dev/null; echo; echo END");
    auto out = read_until("\nEND\n");
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  [[nodiscard]] const Started& started() const { return started_; }

 private:
  Started started_;
  std::string buffer_;
};

class DriverContract : public testing::TestWithParam<MakeSubject> {
 protected:
  DriverContract() : subject_(GetParam()()), spec_(subject_->spec()) {}
  ~DriverContract() override {
    if (driver_) (void)driver_->destroy();
  }

  void start() {
    auto driver = subject_->open(spec_);
    ASSERT_TRUE(driver) << driver.error().describe();
    driver_ = std::move(*driver);
    auto started = driver_->start();
    ASSERT_TRUE(started) << started.error().describe();
    shell_ = std::make_unique<GuestShell>(std::move(*started));
    ASSERT_EQ(shell_->read_until("\n"), "ready");
  }
  void expect_nothing_left() { EXPECT_EQ(subject_->left_behind(spec_), std::vector<std::string>{}); }
  void expect_no_start() {
    auto driver = subject_->open(spec_);
    if (driver) {
      auto started = (*driver)->start();
      ASSERT_FALSE(started);
      EXPECT_FALSE(started.error().message.empty());
    } else {
      EXPECT_EQ(driver.error().code, Code::FailedPrecondition) << driver.error().describe();
    }
    expect_nothing_left();
    EXPECT_TRUE(std::filesystem::is_empty(spec_.dir)) << spec_.dir;
  }

  std::unique_ptr<Subject> subject_;
  Spec spec_;
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<GuestShell> shell_;
};

TEST_P(DriverContract, WithoutATemplateNothingStartsOrStays) {
  spec_.template_root = spec_.dir / "absent";
  expect_no_start();
}

TEST_P(DriverContract, WithoutARuntimeNothingStartsOrStays) {
  spec_.runtime = "/nonexistent/runtime";
  expect_no_start();
}

TEST_P(DriverContract, WithoutInitNothingStartsOrStays) {
  spec_.init = "/nonexistent/init";
  expect_no_start();
}

TEST_P(DriverContract, AnInitThatCannotRunIsAFailedStart) {
  spec_.init = spec_.dir.parent_path() / "broken";
  std::ofstream(spec_.init) << "not a program";
  std::filesystem::permissions(spec_.init, std::filesystem::perms{0755});
  expect_no_start();
}

TEST_P(DriverContract, ARuntimeThatFailsIsAFailedStart) {
  spec_.runtime = "/bin/false";
  expect_no_start();
}

TEST_P(DriverContract, TheChannelReachesInit) {
  start();
  EXPECT_EQ(shell_->run("echo $((6 * 7))"), "42");
  EXPECT_EQ(shell_->run("echo $$"), "1");
}

TEST_P(DriverContract, TheChannelIsWhatTheDriverSays) {
  start();
  for (const int fd : {shell_->started().to_init.get(), shell_->started().from_init.get()}) {
    const auto state = os::stat_fd(fd);
    ASSERT_TRUE(state);
    EXPECT_EQ(S_ISSOCK(state->st_mode), driver_->channel() == Channel::PtyHandover);
    EXPECT_EQ(S_ISFIFO(state->st_mode), driver_->channel() == Channel::InBand);
  }
}

TEST_P(DriverContract, ThePidIsAProcessOfTheSandbox) {
  start();
  const int pid = shell_->started().pid;
  EXPECT_TRUE(subject_->runs(spec_, pid)) << pid;
  ASSERT_TRUE(driver_->destroy());
  EXPECT_FALSE(subject_->runs(spec_, pid)) << pid;
}

TEST_P(DriverContract, DestroyLeavesNothingAndMayBeRepeated) {
  start();
  shell_->type("sleep 1000 & (setsid sleep 1000 &) ; echo on");
  ASSERT_EQ(shell_->read_until("on\n"), "");
  ASSERT_NE(subject_->left_behind(spec_), std::vector<std::string>{}) << "the subject sees nothing";
  for (int turn = 0; turn < 2; ++turn) {
    auto destroyed = driver_->destroy();
    ASSERT_TRUE(destroyed) << destroyed.error().describe();
    expect_nothing_left();
  }
}

TEST_P(DriverContract, APausedSandboxStandsStillAndGoesOn) {
  start();
  ASSERT_TRUE(driver_->pause());
  shell_->type("echo alive");
  const auto before = driver_->usage();
  EXPECT_EQ(shell_->read_until("alive\n", std::chrono::milliseconds{200}), "timeout: ");
  const auto after = driver_->usage();
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->cpu_ns, after->cpu_ns);
  ASSERT_TRUE(driver_->resume());
  EXPECT_EQ(shell_->read_until("alive\n"), "");
}

TEST_P(DriverContract, APausedSandboxIsDestroyed) {
  start();
  ASSERT_TRUE(driver_->pause());
  auto destroyed = driver_->destroy();
  ASSERT_TRUE(destroyed) << destroyed.error().describe();
  expect_nothing_left();
}

TEST_P(DriverContract, UsageCounts) {
  start();
  auto before = driver_->usage();
  ASSERT_TRUE(before) << before.error().describe();
  EXPECT_GE(before->processes, 1u);
  EXPECT_GT(before->memory_bytes, 0u);
  EXPECT_EQ(before->memory_limit, spec_.limits.memory_bytes);
  shell_->run("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done");
  auto after = driver_->usage();
  ASSERT_TRUE(after);
  EXPECT_GT(after->cpu_ns, before->cpu_ns);
}

TEST_P(DriverContract, FilesOutliveTheSandboxInItsOwnDirectoryOnly) {
  start();
  EXPECT_EQ(shell_->run("echo work > /workspace/kept; echo home > ~/kept; cat /workspace/kept ~/kept"), "work\nhome");
  ASSERT_TRUE(driver_->destroy());
  EXPECT_TRUE(std::filesystem::exists(spec_.dir / "workspace" / "kept"));
  EXPECT_FALSE(std::filesystem::exists(spec_.template_root / "home/user/kept"));
}

}  // namespace berth::sandbox
