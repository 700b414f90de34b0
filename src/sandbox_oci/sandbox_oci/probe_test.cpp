#include "sandbox_oci/probe.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox_oci/probe_file.hpp"

namespace berth::sandbox_oci {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Probing : public testing::Test {
 protected:
  Probing() {
    std::string name = (std::filesystem::temp_directory_path() / "berth-probe-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    options_.home = home_;
    options_.init = BERTH_STAND_IN_INIT;
  }
  ~Probing() override { (void)os::remove_tree(home_); }

  // A runtime that does what `script` says when it is asked to run.
  void install(const std::string& kind, const std::string& script) {
    const auto dir = home_ / "bin";
    std::filesystem::create_directories(dir);
    std::ofstream(dir / kind) << "#!/bin/sh\n[ \"$1\" = --version ] && { echo \"" << kind
                              << " version 9.9\"; exit 0; }\n"
                              << script;
    std::filesystem::permissions(dir / kind, std::filesystem::perms{0755});
    options_.search = {dir};
  }
  Probe must_probe() {
    auto found = probe(options_);
    EXPECT_TRUE(found) << found.error().describe();
    return found.value_or(Probe{.runtimes = std::vector<Runtime>(3)});
  }
  [[nodiscard]] bool remembered() const { return std::filesystem::exists(home_ / "probe.json"); }

  std::filesystem::path home_;
  ProbeOptions options_;
};

TEST_F(Probing, NothingInstalledIsAResult) {
  options_.search = {home_};
  const auto found = must_probe();
  ASSERT_EQ(found.runtimes.size(), 3u);
  for (const auto& runtime : found.runtimes) EXPECT_EQ(runtime.reason, runtime.kind + " is not installed.");
  auto chosen = choose("auto", found);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().code, Code::Unsupported);
  EXPECT_THAT(chosen.error().hint, HasSubstr("apt install runc"));
}

TEST_F(Probing, ARuntimeThatFailsSaysWhy) {
  install("runc", "echo out of luck >&2; exit 3");
  const auto found = must_probe();
  EXPECT_FALSE(found.runtimes[0].works);
  EXPECT_EQ(found.runtimes[0].reason, "runc exited 3: out of luck");
  EXPECT_EQ(found.runtimes[0].version, "9.9");
}

TEST_F(Probing, TheFirstFlagsThatWorkAreTaken) {
  install("runsc", "[ \"$1\" = --platform=ptrace ] && echo ready");
  const auto found = must_probe();
  EXPECT_TRUE(found.runtimes[2].works);
  EXPECT_THAT(found.runtimes[2].flags, testing::ElementsAre("--platform=ptrace", "--network=none"));
}

TEST_F(Probing, ARuntimeThatHangsIsLeftAndAskedAgainNextTime) {
  options_.timeout = std::chrono::milliseconds{200};
  install("runsc", "sleep 1000");
  const auto found = must_probe();
  EXPECT_EQ(found.runtimes[2].reason, "runsc did not answer in time.");
  EXPECT_FALSE(remembered());
}

TEST_F(Probing, WhatWasFoundIsRememberedUntilTheRuntimeChanges) {
  install("runc", "echo ready; echo run >> " + (home_ / "runs").string());
  EXPECT_TRUE(must_probe().runtimes[0].works);
  EXPECT_TRUE(must_probe().runtimes[0].works);
  EXPECT_EQ(os::read_file(home_ / "runs", 100).value_or(""), "run\n");
  EXPECT_EQ(os::stat_path(home_ / "probe.json")->st_mode & 07777, 0600u);
  install("runc", "exit 1");
  EXPECT_FALSE(must_probe().runtimes[0].works);
}

TEST_F(Probing, ADamagedFileIsAsGoodAsNone) {
  install("runc", "echo ready");
  for (const auto* text : {"", "{", "[]", "{\"version\":2}", "{\"version\":1,\"kernel\":7,\"runtimes\":{}}"}) {
    std::ofstream(home_ / "probe.json") << text;
    EXPECT_TRUE(must_probe().runtimes[0].works) << text;
  }
}

TEST_F(Probing, RealRuntimesAreTriedAndLeaveNothing) {
  const auto found = must_probe();
  for (const auto& runtime : found.runtimes) {
    if (!runtime.path.empty()) EXPECT_FALSE(runtime.version.empty());
    EXPECT_NE(runtime.works, !runtime.reason.empty()) << runtime.kind << ": " << runtime.reason;
  }
  EXPECT_TRUE(found.runtimes[0].works) << found.runtimes[0].reason;
  EXPECT_FALSE(std::filesystem::exists(home_ / "probe"));
  auto cgroups = os::Cgroups::find();
  auto self = os::ProcessIdentity::self();
  ASSERT_TRUE(cgroups && self);
  EXPECT_FALSE(cgroups->exists("/berth-probe-" + std::to_string(self->pid)));
}

Probe with(bool runc, bool crun, bool runsc) {
  return {{{.kind = "runc", .works = runc}, {.kind = "crun", .works = crun}, {.kind = "runsc", .works = runsc}}};
}

TEST(Choice, AutoIsGvisorWhereItWorks) {
  EXPECT_EQ(choose("auto", with(true, true, true))->isolation, "gvisor");
  EXPECT_EQ(choose("auto", with(true, true, false))->isolation, "container");
  EXPECT_EQ(choose("auto", with(false, true, false))->runtime.kind, "crun");
  EXPECT_EQ(choose("container", with(true, true, true))->runtime.kind, "runc");
}

TEST(Choice, WhatIsMissingIsSaid) {
  EXPECT_EQ(choose("container", with(false, false, true)).error().code, Code::Unsupported);
  EXPECT_EQ(choose("gvisor", with(true, true, false)).error().code, Code::Unsupported);
  EXPECT_EQ(choose("vm", with(true, true, true)).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::sandbox_oci
