#pragma once
// Paths that strangers made, resolved below a directory as if it were the root; and the *at calls that go with the result.
//
// `..` at the root stays there and absolute links begin there (openat2 RESOLVE_IN_ROOT|NO_MAGICLINKS, openat2(2)). Where the
// kernel has no openat2 (gVisor) the path is walked here, component by component, following no link by the kernel.
// Functions keep no state; `root` and `dir` may be O_PATH descriptors. Errors name the call and its subject.

#include <sys/stat.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

Result<UniqueFd> open_inside(int root, const std::string& path, int flags, mode_t mode = 0);
// The second way of open_inside, to be tested where the first one exists.
Result<UniqueFd> walk_inside(int root, const std::string& path, int flags, mode_t mode = 0);

// proc, sysfs, cgroup and the like: their files are switches of the kernel, not data.
Result<bool> is_kernel_filesystem(int fd);

Result<struct stat> stat_at(int dir, const std::string& name);          // follows no link
Result<std::string> read_link(int dir, const std::string& name);        // name "": the link that `dir` is (O_PATH)
Result<> for_each_name(int dir, const std::function<void(std::string_view)>& visit);  // without "." and ".."
Result<> make_directory_at(int dir, const std::string& name, mode_t mode);
Result<> rename_at(int from_dir, const std::string& from, int to_dir, const std::string& to);
Result<> remove_at(int dir, const std::string& name, bool directory);

}  // namespace berth::os
