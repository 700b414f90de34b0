#pragma once
// For tests: a busybox template, Specs of one runtime in a temporary directory, and a count of what a sandbox left.
// The test's process leaves the host's mount namespace first, as a shim does.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/proc.hpp"
#include "sandbox/driver_contract.hpp"
#include "sandbox_oci/driver.hpp"

namespace berth::sandbox_oci {

class OciSubject : public sandbox::Subject {
 public:
  OciSubject(std::string kind, std::filesystem::path runtime, std::vector<std::string> flags)
      : kind_(std::move(kind)), runtime_(std::move(runtime)), flags_(std::move(flags)) {
    static const auto unshared = os::unshare_mounts();  // once, for the whole test program
    EXPECT_TRUE(unshared) << "these tests run as root";
    std::string name = (std::filesystem::temp_directory_path() / "berth-oci-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    make_template(home_ / "template");
  }
  ~OciSubject() override {
    auto cgroups = os::Cgroups::find();
    if (cgroups) {
      (void)cgroups->kill(cgroup_parent());
      (void)cgroups->remove(cgroup_parent());
    }
    (void)os::unmount_below(home_);
    (void)os::remove_tree(home_);
  }
  OciSubject(const OciSubject&) = delete;
  OciSubject& operator=(const OciSubject&) = delete;

  sandbox::Spec spec() override {
    sandbox::Spec spec;
    spec.id = "sbx_" + home_.filename().string() + std::to_string(++made_);
    spec.hostname = "berth-test";
    spec.dir = home_ / spec.id;
    std::filesystem::create_directory(spec.dir);
    spec.template_root = home_ / "template";
    spec.runtime = runtime_;
    spec.runtime_kind = kind_;
    spec.runtime_flags = flags_;
    spec.init = BERTH_STAND_IN_INIT;
    spec.cgroup = cgroup_parent() + "/" + spec.id;
    return spec;
  }
  Result<std::unique_ptr<sandbox::Driver>> open(sandbox::Spec spec) override { return Driver::open(std::move(spec)); }

  bool runs(const sandbox::Spec& spec, int pid) override {
    auto cgroups = os::Cgroups::find();
    if (!cgroups) return false;
    const auto all = cgroups->processes(spec.cgroup).value_or(std::vector<pid_t>{});
    return std::find(all.begin(), all.end(), pid) != all.end();
  }

  std::vector<std::string> left_behind(const sandbox::Spec& spec) override {
    std::vector<std::string> left;
    for (const pid_t pid : os::list_processes().value_or(std::vector<pid_t>{})) {
      for (const auto& word : os::read_command_line(pid).value_or(std::vector<std::string>{})) {
        if (word.find(spec.id) == std::string::npos) continue;
        left.push_back("process " + std::to_string(pid) + " " + word);
        break;
      }
    }
    for (const auto& mount : os::mounts_below(spec.dir).value_or(std::vector<os::MountEntry>{}))
      left.push_back("mount " + mount.target);
    auto cgroups = os::Cgroups::find();
    EXPECT_TRUE(cgroups);
    if (cgroups->exists(spec.cgroup)) left.push_back("cgroup " + spec.cgroup);
    for (const pid_t pid : cgroups->processes(spec.cgroup).value_or(std::vector<pid_t>{}))
      left.push_back("task " + std::to_string(pid));
    for (const auto* name : {"bundle", "run", "root", "work"}) {
      if (std::filesystem::exists(spec.dir / name)) left.push_back(std::string("directory ") + name);
    }
    return left;
  }

 private:
  [[nodiscard]] std::string cgroup_parent() const { return "/berth-test-" + home_.filename().string(); }

  static void make_template(const std::filesystem::path& root) {
    for (const auto* dir : {"bin", "etc", "home/user", "proc", "sys", "dev", "tmp", "run", "workspace", "root"}) {
      std::filesystem::create_directories(root / dir);
    }
    std::filesystem::copy_file("/bin/busybox", root / "bin/busybox");
    for (const auto* applet : {"sh", "cat", "sleep", "ls", "id", "ip", "setsid", "grep", "mount", "touch", "ps", "wc",
                               "head", "dd", "true", "tail"}) {
      std::filesystem::create_symlink("busybox", root / "bin" / applet);
    }
    std::ofstream(root / "etc/passwd") << "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n";
    std::ofstream(root / "etc/group") << "root:x:0:\nuser:x:1000:\n";
    EXPECT_TRUE(os::set_owner(root / "home/user", 1000, 1000));
  }

  std::string kind_;
  std::filesystem::path runtime_;
  std::vector<std::string> flags_;
  std::filesystem::path home_;
  int made_ = 0;
};

}  // namespace berth::sandbox_oci
