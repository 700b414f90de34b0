#include "sandbox_oci/bundle.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace berth::sandbox_oci {
namespace json = boost::json;
namespace {

// Of PTYs, beyond one for each process: a program may open some before it starts what runs on them.
constexpr std::uint64_t spare_ptys = 16;

json::array strings(std::initializer_list<const char*> items) {
  json::array out;
  for (const char* item : items) out.emplace_back(item);
  return out;
}

json::object mount(const char* target, const char* type, const std::string& source,
                   std::initializer_list<std::string> options) {
  json::array list;
  for (const auto& option : options) list.emplace_back(option);
  return {{"destination", target}, {"type", type}, {"source", source}, {"options", std::move(list)}};
}

json::array mounts(const sandbox::Spec& spec) {
  const auto owner = "uid=" + std::to_string(user_id);
  const auto group = "gid=" + std::to_string(user_id);
  // tmpfs counts as the sandbox's memory; the size only makes "disk full" come before "out of memory".
  const auto half = "size=" + std::to_string(spec.limits.memory_bytes / 2);
  // The host counts the PTYs of all (kernel.pty.max). gVisor's are its own, and it knows no such limit.
  const auto ptys = "max=" + std::to_string(spec.limits.processes + spare_ptys);
  return {
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", ptys}),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", half}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777", half}),
      mount("/run", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=755", "size=65536k"}),
      mount("/run/berth", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=0700", owner, group, "size=16384k"}),
      mount(workspace_path, "bind", (spec.dir / "workspace").string(), {"bind", "nosuid", "nodev", "rw"}),
      mount(init_path, "bind", spec.init.string(), {"bind", "nosuid", "nodev", "ro"}),
  };
}

json::array environment(const sandbox::Spec& spec) {
  std::map<std::string, std::string> all = spec.env;
  all.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  all.emplace("HOME", "/home/user");
  all.emplace("USER", "user");
  all.emplace("LANG", "C.UTF-8");
  json::array out;
  for (const auto& [name, value] : all) out.emplace_back(name + "=" + value);
  return out;
}

json::array rlimits(const sandbox::Spec& spec, std::uint64_t open_files_ceiling) {
  const auto limit = [](const char* type, std::uint64_t value) {
    return json::object{{"type", type}, {"hard", value}, {"soft", value}};
  };
  json::array out{limit("RLIMIT_NOFILE", std::min<std::uint64_t>(spec.limits.open_files, open_files_ceiling)),
                  limit("RLIMIT_CORE", 0)};
  // gVisor counts its own users' processes; the host would add up those of every sandbox, since all have one user
  // there.
  if (spec.runtime_kind == "runsc") out.push_back(limit("RLIMIT_NPROC", spec.limits.processes));
  return out;
}

json::object process(const sandbox::Spec& spec, std::uint64_t open_files_ceiling) {
  json::object capabilities;
  for (const char* set : {"bounding", "effective", "inheritable", "permitted", "ambient"})
    capabilities[set] = json::array{};
  return {
      {"terminal", false},
      {"user", {{"uid", user_id}, {"gid", user_id}}},
      {"args", strings({init_path})},
      {"env", environment(spec)},
      {"cwd", "/"},
      {"capabilities", std::move(capabilities)},
      {"rlimits", rlimits(spec, open_files_ceiling)},
      {"noNewPrivileges", true},
      {"oomScoreAdj", 500},  // the host's own processes are worth more
  };
}

json::object resources(const sandbox::Spec& spec) {
  constexpr std::uint64_t period_us = 100'000;
  const auto& limits = spec.limits;
  const std::uint64_t tasks = spec.runtime_kind == "runsc" ? gvisor_tasks(limits.processes) : limits.processes;
  json::object out{
      {"devices", json::array{json::object{{"allow", false}, {"access", "rwm"}}}},
      {"memory", {{"limit", limits.memory_bytes}, {"swap", limits.memory_bytes}}},
      {"pids", {{"limit", tasks}}},
  };
  if (limits.cpu_millis > 0) out["cpu"] = {{"quota", limits.cpu_millis * period_us / 1000}, {"period", period_us}};
  return out;
}

json::object linux_part(const sandbox::Spec& spec) {
  json::array namespaces;
  for (const char* type : {"pid", "mount", "ipc", "uts", "network", "cgroup"}) {
    namespaces.push_back(json::object{{"type", type}});
  }
  return {
      {"namespaces", std::move(namespaces)},
      {"cgroupsPath", spec.cgroup},
      {"resources", resources(spec)},
      {"rootfsPropagation", "private"},
      {"seccomp", make_seccomp(spec.runtime_kind == "runsc" ? Kernel::Gvisor : Kernel::Host)},
      {"maskedPaths", strings({"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                               "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                               "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"})},
      {"readonlyPaths", strings({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})},
  };
}

}  // namespace

json::object make_bundle(const sandbox::Spec& spec, std::uint64_t open_files_ceiling) {
  return {
      {"ociVersion", "1.0.2"},
      {"process", process(spec, open_files_ceiling)},
      {"root", {{"path", (spec.dir / "root").string()}, {"readonly", false}}},
      {"hostname", spec.hostname},
      {"mounts", mounts(spec)},
      {"linux", linux_part(spec)},
  };
}

}  // namespace berth::sandbox_oci
