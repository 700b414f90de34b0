#pragma once
// Control groups of both versions behind one view: where they are, what a group uses, and how it is ended.
//
// A group is named by its path below each hierarchy's mount ("/berth/h1/sbx_…"). The OCI runtime makes groups and sets
// limits; this measures, freezes, kills and removes. Sources: kernel Documentation/admin-guide/cgroup-v1 and cgroup-v2.
//
// A process that cgroup v1 froze does not die of SIGKILL until it is thawed; kill() signals, thaws, and repeats until the
// group is empty. Absent groups are empty groups: every operation is idempotent. Any thread; calls may block for the time
// that is given.
//
// Example:
//   TRY_ASSIGN(const auto cgroups, os::Cgroups::find());
//   TRY_ASSIGN(const auto usage, cgroups.usage("/berth/home/sbx"));
//   TRY(cgroups.kill("/berth/home/sbx"));
//   TRY(cgroups.remove("/berth/home/sbx"));

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

struct CgroupUsage {
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit = 0;  // 0: none
  std::uint64_t cpu_ns = 0;
  std::uint32_t processes = 0;     // tasks
  std::uint64_t oom_kills = 0;
};

class Cgroups {
 public:
  static Result<Cgroups> find();  // from /proc/self/mountinfo
  // Pure: the text of a mountinfo file.
  static Cgroups parse(std::string_view mountinfo);
  // The hierarchies that the host has its controllers in: any v1 controller mounted means v1 (and hybrid).
  [[nodiscard]] bool unified() const { return v1_.empty() && v2_.has_value(); }
  [[nodiscard]] const std::map<std::string, std::filesystem::path>& v1() const { return v1_; }  // controller → mount
  [[nodiscard]] const std::optional<std::filesystem::path>& v2() const { return v2_; }
  // Every directory that the group has, or would have.
  [[nodiscard]] std::vector<std::filesystem::path> directories(const std::string& group) const;

  [[nodiscard]] bool exists(const std::string& group) const;
  Result<CgroupUsage> usage(const std::string& group) const;
  Result<std::vector<pid_t>> processes(const std::string& group) const;  // of the whole subtree, each once
  Result<std::vector<std::string>> children(const std::string& group) const;  // names
  Result<> freeze(const std::string& group) const;  // returns when frozen, at most 5 s
  Result<> thaw(const std::string& group) const;
  // Kills everything in the subtree, frozen or not, until it is empty. Timeout: Code::Timeout, the count in the message.
  Result<> kill(const std::string& group, std::chrono::milliseconds timeout = std::chrono::seconds{10}) const;
  Result<> remove_when_empty(const std::string& group) const;  // of groups and processes; otherwise nothing happens
  Result<> remove(const std::string& group) const;  // the subtree's directories; processes in it: FailedPrecondition

 private:
  [[nodiscard]] std::optional<std::filesystem::path> directory(const std::string& controller, const std::string& group) const;
  [[nodiscard]] std::vector<std::filesystem::path> freezer_children(const std::string& group) const;
  Result<> set_frozen(const std::string& group, bool frozen) const;
  std::map<std::string, std::filesystem::path> v1_;
  std::optional<std::filesystem::path> v2_;
};

}  // namespace berth::os
