#include "os/cgroup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <set>
#include <thread>

#include "os/file.hpp"
#include "os/mount.hpp"

namespace berth::os {
namespace {

constexpr std::size_t file_limit = 8 << 20;
constexpr auto pause_between_looks = std::chrono::milliseconds{2};
constexpr auto freeze_timeout = std::chrono::seconds{5};
constexpr std::uint64_t no_limit = 1ull << 60;  // v1 says "none" with a number near 2^63

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end != text.data() ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> read_number(const Path& file) {
  const auto text = read_file(file, 4096);
  return text ? parse_number(*text) : std::nullopt;
}

// A line "name value" of files such as memory.events.
std::optional<std::uint64_t> read_field(const Path& file, std::string_view name) {
  const auto text = read_file(file, file_limit);
  if (!text) return std::nullopt;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ')
      return parse_number(line.substr(name.size() + 1));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return std::nullopt;
}

Result<> write_file(const Path& file, std::string_view text) {
  TRY_ASSIGN(auto fd, open_flags(file, O_WRONLY));
  auto written = write_all(fd.get(), text);
  if (!written) written.error().subject = file;
  return written;
}

std::vector<Path> subdirectories(const Path& dir) {
  std::vector<Path> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == std::filesystem::file_type::directory) out.push_back(it->path());
  }
  return out;
}

void add_processes(const Path& dir, std::set<pid_t>& out) {
  if (const auto text = read_file(dir / "cgroup.procs", file_limit)) {
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      if (auto pid = parse_number(rest.substr(0, end)); pid && *pid > 1) out.insert(static_cast<pid_t>(*pid));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  for (const Path& child : subdirectories(dir)) add_processes(child, out);
}

// Deepest first, so that each is empty of groups when its turn comes.
Result<> remove_directories(const Path& dir) {
  for (const Path& child : subdirectories(dir)) TRY(remove_directories(child));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{1};
  while (::rmdir(dir.c_str()) != 0 && errno != ENOENT) {
    // The kernel takes a moment to let go of a group whose last process has just been reaped.
    if (errno != EBUSY || std::chrono::steady_clock::now() > until) return fail_errno(errno, "rmdir", dir);
    std::this_thread::sleep_for(pause_between_looks);
  }
  return {};
}

bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(pause_between_looks);
  }
  return true;
}

Path join(const Path& mount, const std::string& group) { return Path(mount.string() + "/" + group).lexically_normal(); }

}  // namespace

Cgroups Cgroups::parse(std::string_view mountinfo) {
  Cgroups out;
  for (const MountEntry& entry : parse_mountinfo(mountinfo)) {
    if (entry.type == "cgroup2" && !out.v2_) out.v2_ = entry.target;
    if (entry.type != "cgroup") continue;
    for (std::string_view rest = entry.super_options; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string name(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      static const std::set<std::string> controllers{"cpu",     "cpuacct", "cpuset", "memory",     "devices",
                                                     "freezer", "blkio",   "pids",   "perf_event", "net_cls",
                                                     "net_prio", "hugetlb", "rdma",   "name=systemd"};
      if (controllers.contains(name)) out.v1_.try_emplace(name, entry.target);
    }
  }
  return out;
}

Result<Cgroups> Cgroups::find() {
  TRY_ASSIGN(auto text, read_file("/proc/self/mountinfo", 64 << 20));
  return parse(text);
}

std::optional<Path> Cgroups::directory(const std::string& controller, const std::string& group) const {
  if (const auto found = v1_.find(controller); found != v1_.end()) return join(found->second, group);
  if (unified()) return join(*v2_, group);
  return std::nullopt;
}

std::vector<Path> Cgroups::directories(const std::string& group) const {
  std::set<Path> out;
  for (const auto& [controller, mount] : v1_) out.insert(join(mount, group));
  if (v2_) out.insert(join(*v2_, group));
  return {out.begin(), out.end()};
}

bool Cgroups::exists(const std::string& group) const {
  std::error_code ignored;
  return std::ranges::any_of(directories(group), [&](const Path& dir) { return std::filesystem::exists(dir, ignored); });
}

Result<CgroupUsage> Cgroups::usage(const std::string& group) const {
  if (!exists(group)) return fail_errno(ENOENT, "cgroup usage", group);
  CgroupUsage out;
  const auto memory = directory("memory", group), cpu = directory("cpuacct", group), pids = directory("pids", group);
  const bool v2 = unified();
  if (memory) {
    out.memory_bytes = read_number(*memory / (v2 ? "memory.current" : "memory.usage_in_bytes")).value_or(0);
    const auto limit = read_number(*memory / (v2 ? "memory.max" : "memory.limit_in_bytes"));
    out.memory_limit = limit && *limit < no_limit ? *limit : 0;
    out.oom_kills = read_field(*memory / (v2 ? "memory.events" : "memory.oom_control"), "oom_kill").value_or(0);
  }
  if (cpu)
    out.cpu_ns = v2 ? read_field(*cpu / "cpu.stat", "usage_usec").value_or(0) * 1000
                    : read_number(*cpu / "cpuacct.usage").value_or(0);
  if (pids) out.processes = static_cast<std::uint32_t>(read_number(*pids / "pids.current").value_or(0));
  return out;
}

Result<std::vector<pid_t>> Cgroups::processes(const std::string& group) const {
  std::set<pid_t> out;
  for (const Path& dir : directories(group)) add_processes(dir, out);
  return std::vector<pid_t>(out.begin(), out.end());
}

Result<std::vector<std::string>> Cgroups::children(const std::string& group) const {
  std::set<std::string> out;
  for (const Path& dir : directories(group))
    for (const Path& child : subdirectories(dir)) out.insert(child.filename());
  return std::vector<std::string>(out.begin(), out.end());
}

Result<> Cgroups::set_frozen(const std::string& group, bool frozen) const {
  const auto dir = directory("freezer", group);
  std::error_code ignored;
  if (!dir) return fail(Code::Unsupported, "This host has no freezer.");
  if (!std::filesystem::exists(*dir, ignored)) return {};
  if (unified()) return write_file(*dir / "cgroup.freeze", frozen ? "1" : "0");
  return write_file(*dir / "freezer.state", frozen ? "FROZEN" : "THAWED");
}

Result<> Cgroups::freeze(const std::string& group) const {
  const auto dir = directory("freezer", group);
  if (!dir) return fail(Code::Unsupported, "This host has no freezer.");
  std::error_code ignored;
  if (!std::filesystem::exists(*dir, ignored)) return fail_errno(ENOENT, "freeze", group);
  TRY(set_frozen(group, true));
  const auto frozen = [&] {
    if (unified()) return read_field(*dir / "cgroup.events", "frozen") == 1;
    const auto state = read_file(*dir / "freezer.state", 64);
    if (state && *state == "FROZEN\n") return true;
    (void)set_frozen(group, true);  // v1 may stay in FREEZING until it is asked again
    return false;
  };
  if (wait_until(frozen, freeze_timeout)) return {};
  (void)set_frozen(group, false);
  return fail(Code::Timeout, "The sandbox could not be frozen in time.");
}

Result<> Cgroups::thaw(const std::string& group) const { return set_frozen(group, false); }

Result<> Cgroups::kill(const std::string& group, std::chrono::milliseconds timeout) const {
  std::vector<pid_t> left;
  const auto empty = [&] {
    if (v2_) (void)write_file(join(*v2_, group) / "cgroup.kill", "1");  // one step, forks included
    const auto found = processes(group);
    left = found ? *found : std::vector<pid_t>{};
    if (left.empty()) return true;
    // Members of the group at this moment; a pid that ended since is not used again within these few instructions.
    for (pid_t pid : left)
      if (pid != ::getpid()) ::kill(pid, SIGKILL);
    if (!v1_.empty()) (void)set_frozen(group, false);
    for (const Path& dir : v1_.empty() ? std::vector<Path>{} : freezer_children(group))
      (void)write_file(dir / "freezer.state", "THAWED");
    return false;
  };
  if (wait_until(empty, timeout)) return {};
  return fail(Code::Timeout, std::to_string(left.size()) + " processes of the sandbox did not end.");
}

std::vector<Path> Cgroups::freezer_children(const std::string& group) const {
  std::vector<Path> out;
  if (const auto dir = directory("freezer", group)) out = subdirectories(*dir);
  for (std::size_t i = 0; i < out.size(); ++i)  // grows while it is walked
    for (Path& below : subdirectories(out[i])) out.push_back(std::move(below));
  return out;
}

Result<> Cgroups::remove_when_empty(const std::string& group) const {
  for (const Path& dir : directories(group))
    if (::rmdir(dir.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EBUSY)
      return fail_errno(errno, "rmdir", dir);
  return {};
}

Result<> Cgroups::remove(const std::string& group) const {
  std::error_code ignored;
  for (const Path& dir : directories(group))
    if (std::filesystem::exists(dir, ignored)) TRY(remove_directories(dir));
  return {};
}

}  // namespace berth::os
