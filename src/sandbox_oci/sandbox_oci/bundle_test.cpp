#include "sandbox_oci/bundle.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace berth::sandbox_oci {
namespace {

namespace json = boost::json;

sandbox::Spec make_spec(const std::string& kind = "runc") {
  return {.id = "sbx_1",
          .hostname = "calm-otter",
          .dir = "/h/sandboxes/sbx_1",
          .template_root = "/h/images/d/rootfs",
          .runtime = "/usr/sbin/runc",
          .runtime_kind = kind,
          .init = "/usr/lib/berth/berth-init",
          .cgroup = "/berth/h/sbx_1",
          .env = {{"BERTH", "1"}}};
}

json::value bundle(const sandbox::Spec& spec, std::uint64_t ceiling = 1 << 20) { return make_bundle(spec, ceiling); }

// SCMP_ACT_… of an unconditional rule, "" when there is none.
std::string verdict(const json::value& profile, std::string_view syscall) {
  for (const auto& rule : profile.at("syscalls").as_array()) {
    if (rule.as_object().contains("args")) continue;
    for (const auto& name : rule.at("names").as_array()) {
      if (name.as_string() == json::string_view(syscall.data(), syscall.size()))
        return json::value_to<std::string>(rule.at("action"));
    }
  }
  return "";
}

TEST(Bundle, ProcessHasNoPower) {
  const auto config = bundle(make_spec());
  const auto& process = config.at("process");
  for (const auto& [set, list] : process.at("capabilities").as_object()) EXPECT_TRUE(list.as_array().empty()) << set;
  EXPECT_EQ(process.at("capabilities").as_object().size(), 5u);
  EXPECT_TRUE(process.at("noNewPrivileges").as_bool());
  EXPECT_EQ(process.at("user"), (json::value{{"uid", 1000}, {"gid", 1000}}));
  EXPECT_EQ(process.at("args"), (json::value(json::array{"/.berth/init"})));
}

TEST(Bundle, EveryNamespaceIsFresh) {
  const auto config = bundle(make_spec());
  const auto& namespaces = config.at_pointer("/linux/namespaces").as_array();
  EXPECT_EQ(namespaces.size(), 6u);
  for (const auto& one : namespaces) EXPECT_FALSE(one.as_object().contains("path")) << one;
}

TEST(Bundle, OnlyWorkspaceAndInitComeFromTheHost) {
  const auto config = bundle(make_spec());
  std::map<std::string, std::string> binds;
  for (const auto& mount : config.at("mounts").as_array()) {
    if (mount.at("type").as_string() == "bind") {
      binds[json::value_to<std::string>(mount.at("destination"))] = json::serialize(mount);
    }
  }
  ASSERT_EQ(binds.size(), 2u);
  EXPECT_EQ(
      binds["/.berth/init"],
      R"({"destination":"/.berth/init","type":"bind","source":"/usr/lib/berth/berth-init","options":["bind","nosuid","nodev","ro"]})");
  EXPECT_EQ(
      binds["/workspace"],
      R"({"destination":"/workspace","type":"bind","source":"/h/sandboxes/sbx_1/workspace","options":["bind","nosuid","nodev","rw"]})");
}

TEST(Bundle, LimitsAreTheSpecs) {
  auto spec = make_spec();
  spec.limits = {.memory_bytes = 64 << 20, .cpu_millis = 1500, .processes = 40, .open_files = 5000};
  const auto config = bundle(spec, 1024);
  EXPECT_EQ(
      json::serialize(config.at_pointer("/linux/resources")),
      R"({"devices":[{"allow":false,"access":"rwm"}],"memory":{"limit":67108864,"swap":67108864},"pids":{"limit":40},)"
      R"("cpu":{"quota":150000,"period":100000}})");
  EXPECT_EQ(config.at_pointer("/process/rlimits/0/hard"), 1024) << "not above what the host allows";
  spec.runtime_kind = "runsc";
  EXPECT_EQ(bundle(spec).at_pointer("/linux/resources/pids/limit"), gvisor_tasks(40));
  EXPECT_EQ(json::serialize(bundle(spec).at_pointer("/process/rlimits/2")),
            R"({"type":"RLIMIT_NPROC","hard":40,"soft":40})");
}

TEST(Bundle, PtysAreBoundedByTheProcesses) {
  auto spec = make_spec();
  spec.limits.processes = 40;
  const auto config = bundle(spec);
  const auto& mounts = config.at("mounts").as_array();
  const auto pts = std::ranges::find(mounts, json::value("devpts"), [](const auto& mount) { return mount.at("type"); });
  ASSERT_NE(pts, mounts.end());
  const auto& options = pts->at("options").as_array();
  EXPECT_NE(std::ranges::find(options, json::value("max=56")), options.end()) << *pts;
}

TEST(Bundle, EnvironmentHasDefaultsThatASpecMayReplace) {
  auto spec = make_spec();
  spec.env["LANG"] = "de_DE.UTF-8";
  EXPECT_EQ(json::serialize(bundle(spec).at_pointer("/process/env")),
            R"(["BERTH=1","HOME=/home/user","LANG=de_DE.UTF-8",)"
            R"("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","USER=user"])");
}

TEST(Seccomp, IsAnAllowListThatRefusesByName) {
  const json::value profile = make_seccomp(Kernel::Host);
  EXPECT_EQ(profile.at("defaultAction"), "SCMP_ACT_ERRNO");
  EXPECT_EQ(profile.at("architectures"), (json::value(json::array{"SCMP_ARCH_X86_64"})));
  for (const auto* name : {"read", "execve", "openat", "futex", "rt_sigreturn", "ptrace", "statx"}) {
    EXPECT_EQ(verdict(profile, name), "SCMP_ACT_ALLOW") << name;
  }
  for (const auto* name :
       {"mount", "move_mount", "setns", "bpf", "io_uring_setup", "keyctl", "add_key", "perf_event_open", "kexec_load",
        "init_module", "open_by_handle_at", "userfaultfd", "reboot", "swapon", "clock_settime", "clone3"}) {
    EXPECT_EQ(verdict(profile, name), "SCMP_ACT_ERRNO") << name;
  }
  for (const auto* name : {"clone", "unshare", "socket", "personality", "mknod", "mknodat"})
    EXPECT_EQ(verdict(profile, name), "") << name;
}

TEST(Seccomp, GvisorGetsTheSameRefusalsAndNothingElse) {
  const json::value host = make_seccomp(Kernel::Host);
  const json::value gvisor = make_seccomp(Kernel::Gvisor);
  EXPECT_EQ(gvisor.at("defaultAction"), "SCMP_ACT_ALLOW");
  for (const auto& rule : gvisor.at("syscalls").as_array()) {
    EXPECT_EQ(rule.at("action"), "SCMP_ACT_ERRNO");
    const auto& all = host.at("syscalls").as_array();
    EXPECT_NE(std::find(all.begin(), all.end(), rule), all.end()) << rule;
  }
  EXPECT_EQ(verdict(gvisor, "mount"), "SCMP_ACT_ERRNO");
  EXPECT_EQ(verdict(gvisor, "clone3"), "") << "it could not be ENOSYS there";
}

TEST(Seccomp, NamesStandOnce) {
  const json::value profile = make_seccomp(Kernel::Host);
  std::set<std::string> seen;
  for (const auto& rule : profile.at("syscalls").as_array()) {
    if (rule.as_object().contains("args")) continue;
    for (const auto& name : rule.at("names").as_array())
      EXPECT_TRUE(seen.insert(json::value_to<std::string>(name)).second) << name;
  }
}

}  // namespace
}  // namespace berth::sandbox_oci
