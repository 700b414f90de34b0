#include "sandbox_oci/driver.hpp"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/driver_contract.hpp"
#include "sandbox_oci/oci_subject.hpp"

namespace berth::sandbox {
namespace {

using sandbox_oci::OciSubject;

std::unique_ptr<Subject> runc() {
  return std::make_unique<OciSubject>("runc", "/usr/sbin/runc", std::vector<std::string>{});
}
std::unique_ptr<Subject> crun() {
  return std::make_unique<OciSubject>("crun", "/usr/bin/crun", std::vector<std::string>{});
}
std::unique_ptr<Subject> runsc() {
  return std::make_unique<OciSubject>("runsc", "/usr/bin/runsc",
                                      std::vector<std::string>{"--platform=ptrace", "--network=none"});
}

INSTANTIATE_TEST_SUITE_P(Runc, DriverContract, testing::Values(&runc));
INSTANTIATE_TEST_SUITE_P(Runsc, DriverContract, testing::Values(&runsc));
INSTANTIATE_TEST_SUITE_P(Crun, DriverContract, testing::Values(&crun));

// What an OCI sandbox may not do, whatever runs it.
class OciSandbox : public DriverContract {
 protected:
  // A helper of the runtime that was not in the cgroup yet ends when it sees that the runtime is gone: that is waited
  // for.
  bool eventually_nothing_left() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!subject_->left_behind(spec_).empty() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    expect_nothing_left();
    return subject_->left_behind(spec_).empty();
  }
};
INSTANTIATE_TEST_SUITE_P(Runc, OciSandbox, testing::Values(&runc));
INSTANTIATE_TEST_SUITE_P(Runsc, OciSandbox, testing::Values(&runsc));
INSTANTIATE_TEST_SUITE_P(Crun, OciSandbox, testing::Values(&crun));

using testing::HasSubstr;
using testing::Not;

TEST_P(OciSandbox, InitIsAnOrdinaryUserWithoutCapabilities) {
  start();
  EXPECT_EQ(shell_->run("id -u; id -g"), "1000\n1000");
  EXPECT_EQ(shell_->run("grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | grep -v 0000000000000000"), "");
  EXPECT_THAT(shell_->run("grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"), HasSubstr("2"));
}

TEST_P(OciSandbox, TheNetworkIsLoopbackOnly) {
  start();
  EXPECT_EQ(shell_->run("tail -n +3 /proc/net/dev | grep -v lo:"), "");
}

TEST_P(OciSandbox, TheKernelsFilesCannotBeWrittenOrRead) {
  start();
  for (const auto* path : {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
                           "/sys/power/state", "/.berth/init", "/bin/busybox", "/dev/mem"}) {
    EXPECT_THAT(shell_->run(std::string("echo x > ") + path + " && echo WRITTEN"), Not(HasSubstr("WRITTEN"))) << path;
  }
  EXPECT_EQ(shell_->run("cat /proc/kcore 2>/dev/null | head -c 10 | wc -c"), "0");
  EXPECT_EQ(shell_->run("ls /sys/firmware"), "");
}

TEST_P(OciSandbox, ItsOwnPlacesAreWritable) {
  start();
  for (const auto* path : {"/tmp/x", "$HOME/x", "/workspace/x", "/run/berth/x", "/dev/shm/x"}) {
    EXPECT_EQ(shell_->run(std::string("echo fine > ") + path + " && cat " + path), "fine") << path;
  }
  EXPECT_EQ(shell_->run("ls -ld /run/berth").substr(0, 10), "drwx------");
  EXPECT_EQ(shell_->run("ls -ld /tmp").substr(0, 10), "drwxrwxrwt");
}

TEST_P(OciSandbox, TheNumberOfProcessesIsBoundedAndTheSandboxStaysWhole) {
  spec_.limits.processes = 32;
  start();
  // in a shell of its own: busybox's ends when it cannot fork
  shell_->run("sh -c 'i=0; while [ $i -lt 400 ]; do sleep 1000 & i=$((i + 1)); echo $i > /tmp/made; done'");
  const auto made = shell_->run("read made < /tmp/made; echo $made");
  EXPECT_GE(std::atoi(made.c_str()), 20) << made;
  EXPECT_LE(std::atoi(made.c_str()), 32) << made;
  ASSERT_TRUE(driver_->destroy());
  expect_nothing_left();
}

// Each shell holds seven and starts the next one; one that gets none ends.
TEST_P(OciSandbox, TheNumberOfPtysIsBoundedWhereTheHostCountsThem) {
  spec_.limits.processes = 32;
  start();
  shell_->run("echo 'for n in 3 4 5 6 7 8 9; do eval \"exec $n<>/dev/ptmx\"; echo >> /tmp/made; done' > /tmp/open");
  shell_->run("echo '[ $1 = 0 ] || sh /tmp/open $(($1 - 1))' >> /tmp/open");
  shell_->run("sh /tmp/open 9 2> /dev/null");
  EXPECT_EQ(shell_->run("wc -l < /tmp/made"), spec_.runtime_kind == "runsc" ? "70" : "48");
}

TEST_P(OciSandbox, NoDeviceIsMadeAndNoFileOfAnotherKindIsRefused) {
  start();
  EXPECT_THAT(shell_->run("/bin/busybox mknod /tmp/device c 1 1 && echo MADE"), Not(HasSubstr("MADE")));
  EXPECT_EQ(shell_->run("/bin/busybox mkfifo /tmp/pipe && ls /tmp/pipe"), "/tmp/pipe");
}

TEST_P(OciSandbox, MemoryIsBounded) {
  spec_.limits.memory_bytes = 96u << 20;
  start();
  // busybox dd takes its block from the heap
  const auto out = shell_->run("dd if=/dev/zero of=/dev/null bs=300M count=1 && echo TAKEN");
  EXPECT_THAT(out, Not(HasSubstr("TAKEN")));
}

TEST_P(OciSandbox, NoDescriptorOfTheHostComesIn) {
  start();
  EXPECT_EQ(shell_->run("ls /proc/self/fd"), "0\n1\n2\n3") << "3 is the directory that it lists";
}

// Unknown to a sandbox is unknown, not forbidden: libc falls back on ENOSYS only.
TEST_P(OciSandbox, AnUnknownSystemCallIsEnosys) {
  start();
  EXPECT_EQ(shell_->run("/.berth/init clone3"), "clone3 38");
  EXPECT_THAT(shell_->run("/.berth/init openat2"), testing::AnyOf("openat2 22", "openat2 38"));
}

// A runtime that is killed at many moments of a start: whatever it had made by then is gone afterwards.
TEST_P(OciSandbox, ARuntimeKilledDuringStartLeavesNothing) {
  const auto real = spec_.runtime;
  const int step_ms = spec_.runtime_kind == "runsc" ? 9 : 2;
  int failed = 0;
  for (int turn = 1; turn <= 16; ++turn) {
    spec_ = subject_->spec();
    const auto wrapper = spec_.dir.parent_path() / "killed-runtime";
    const auto seconds = std::to_string(turn * step_ms / 1000.0);
    std::ofstream(wrapper) << "#!/bin/sh\nexec timeout --foreground -s KILL " << seconds << " " << real.string()
                           << " \"$@\"\n";
    std::filesystem::permissions(wrapper, std::filesystem::perms{0755});
    spec_.runtime = wrapper;
    auto driver = subject_->open(spec_);
    ASSERT_TRUE(driver) << driver.error().describe();
    auto started = (*driver)->start();
    if (!started) ++failed;
    if (started) ASSERT_TRUE((*driver)->destroy());
    SCOPED_TRACE("killed after " + std::to_string(turn * step_ms) + " ms");
    EXPECT_TRUE(eventually_nothing_left());
    if (!started) EXPECT_TRUE(std::filesystem::is_empty(spec_.dir));
  }
  EXPECT_GT(failed, 0) << "no start was cut short";
}

TEST_P(OciSandbox, TheGroupAboveGoesWithTheLastSandbox) {
  const auto cgroups = os::Cgroups::find();
  ASSERT_TRUE(cgroups);
  const std::string above = std::filesystem::path(spec_.cgroup).parent_path();
  start();
  auto other_spec = subject_->spec();
  auto other = subject_->open(other_spec);
  ASSERT_TRUE(other) << other.error().describe();
  ASSERT_TRUE((*other)->start());
  ASSERT_TRUE(driver_->destroy());
  EXPECT_TRUE(cgroups->exists(other_spec.cgroup));
  ASSERT_TRUE((*other)->pause());
  auto removed = sandbox_oci::remove_traces(other_spec.dir, other_spec.cgroup);
  ASSERT_TRUE(removed) << removed.error().describe();
  EXPECT_FALSE(cgroups->exists(above));
}

TEST_P(OciSandbox, AStrangerRemovesEveryTraceOfAPausedSandbox) {
  start();
  ASSERT_TRUE(driver_->pause());
  (void)os::unmount_below(spec_.dir);  // as when the shim and its mount namespace are gone
  for (int turn = 0; turn < 2; ++turn) {
    auto removed = sandbox_oci::remove_traces(spec_.dir, spec_.cgroup);
    ASSERT_TRUE(removed) << removed.error().describe();
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace berth::sandbox
