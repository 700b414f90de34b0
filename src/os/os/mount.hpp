#pragma once
// Mounts and mount namespaces.
//
// unshare_mounts() changes the calling thread for good: the shim calls it at its start, while it has one thread; what it
// mounts then is seen by nobody else and vanishes with the last process in the namespace. Mounts made later outside come
// in (slave propagation), none goes out.

#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace berth::os {

Result<> unshare_mounts();

struct Overlay {
  std::filesystem::path lower, upper, work;
  bool user_xattr = false;  // "userxattr", inside user namespaces
};
// Paths may hold ':' and ','; they are escaped.
Result<> mount_overlay(const Overlay& overlay, const std::filesystem::path& target, unsigned long flags = 0);
Result<> mount_bind(const std::filesystem::path& from, const std::filesystem::path& target, unsigned long flags = 0);
Result<> mount_tmpfs(const std::filesystem::path& target, const std::string& options, unsigned long flags = 0);
Result<> unmount(const std::filesystem::path& target);  // lazily, follows no link; not mounted is fine

struct MountEntry {
  int id = 0, parent = 0;
  std::string root, target, type, source, options, super_options;  // unescaped
};
// Pure: the text of a mountinfo file (proc_pid_mountinfo(5)); lines that are not well formed are left out.
[[nodiscard]] std::vector<MountEntry> parse_mountinfo(std::string_view text);
Result<std::vector<MountEntry>> mounts(pid_t pid = 0);  // of our own namespace, or of a process's
Result<std::vector<MountEntry>> mounts_below(const std::filesystem::path& path);  // `path` itself included
Result<> unmount_below(const std::filesystem::path& path);  // deepest first

}  // namespace berth::os
