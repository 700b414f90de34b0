#include "os/cgroup.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "os/file.hpp"
#include "os/process.hpp"

namespace berth::os {
namespace {

constexpr const char* hybrid =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

TEST(Cgroups, FindsBothVersions) {
  const Cgroups mixed = Cgroups::parse(hybrid);
  EXPECT_FALSE(mixed.unified());
  EXPECT_EQ(mixed.v1().at("cpuacct"), "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mixed.v1().size(), 4u);
  EXPECT_EQ(mixed.directories("/berth/x").size(), 4u);
  EXPECT_EQ(mixed.directories("/berth/x")[0], "/sys/fs/cgroup/cpu,cpuacct/berth/x");
  const Cgroups pure = Cgroups::parse("41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_TRUE(pure.unified());
  EXPECT_EQ(pure.directories("/a"), std::vector<std::filesystem::path>{"/sys/fs/cgroup/a"});
  EXPECT_FALSE(Cgroups::parse("").unified());
}

// On the host's own hierarchies, of whichever version they are.
class CgroupHost : public testing::Test {
 protected:
  void SetUp() override {
    auto found = Cgroups::find();
    ASSERT_TRUE(found);
    cgroups = *std::move(found);
    group = "/berth-test-" + std::to_string(::getpid());
    for (const auto& dir : cgroups.directories(group + "/inner")) {
      std::error_code error;
      std::filesystem::create_directories(dir, error);
      if (error && dir.string().find("unified") == std::string::npos) GTEST_SKIP() << "no cgroup can be made: " << dir;
    }
  }
  void TearDown() override {
    (void)cgroups.kill(group);
    EXPECT_TRUE(cgroups.remove(group));
    EXPECT_FALSE(cgroups.exists(group));
  }
  Process start_inside(const std::string& where) {
    SpawnSpec spec;
    spec.argv = {"sh", "-c", "while :; do sleep 1000; done"};
    spec.env = own_environment();
    auto process = *Process::spawn(spec);
    for (const auto& dir : cgroups.directories(where)) {
      auto procs = open_flags(dir / "cgroup.procs", O_WRONLY);
      if (procs) (void)write_all(procs->get(), std::to_string(process.pid()));
    }
    return process;
  }
  Cgroups cgroups;
  std::string group;
};

TEST_F(CgroupHost, RemovedWhenEmptyAndOnlyThen) {
  ASSERT_TRUE(cgroups.remove_when_empty(group));
  EXPECT_TRUE(cgroups.exists(group + "/inner"));
  ASSERT_TRUE(cgroups.remove(group + "/inner"));
  ASSERT_TRUE(cgroups.remove_when_empty(group));
  EXPECT_FALSE(cgroups.exists(group));
  EXPECT_TRUE(cgroups.remove_when_empty(group)) << "absent is fine";
}

TEST_F(CgroupHost, KillEndsTheFrozenSubtree) {
  auto outer = start_inside(group), inner = start_inside(group + "/inner");
  EXPECT_GE(cgroups.processes(group)->size(), 2u);
  EXPECT_EQ(cgroups.children(group).value_or(std::vector<std::string>{}), std::vector<std::string>{"inner"});
  const auto usage = cgroups.usage(group);
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->processes, 0u);
  ASSERT_TRUE(cgroups.freeze(group));
  ASSERT_TRUE(cgroups.thaw(group));
  ASSERT_TRUE(cgroups.freeze(group));
  ASSERT_TRUE(cgroups.freeze(group + "/inner"));
  const auto failed = cgroups.remove(group);
  EXPECT_FALSE(failed);
  // The children are ours to reap, so kill() sees them as zombies until then; wait beside it.
  auto reaped = Process::spawn({.argv = {"true"}, .env = own_environment()});
  (void)reaped->wait();
  const auto killed = cgroups.kill(group);
  EXPECT_TRUE(killed) << killed.error().describe();
  EXPECT_EQ(*outer.wait(), Exit{Killed{SIGKILL}});
  EXPECT_EQ(*inner.wait(), Exit{Killed{SIGKILL}});
}

TEST_F(CgroupHost, AbsentGroupsAreEmpty) {
  const std::string none = group + "/none";
  EXPECT_FALSE(cgroups.exists(none));
  EXPECT_TRUE(cgroups.processes(none)->empty());
  EXPECT_TRUE(cgroups.kill(none));
  EXPECT_TRUE(cgroups.remove(none));
  EXPECT_TRUE(cgroups.thaw(none));
  EXPECT_FALSE(cgroups.freeze(none));
  EXPECT_FALSE(cgroups.usage(none));
}

}  // namespace
}  // namespace berth::os
