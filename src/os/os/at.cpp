#include "os/at.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/inside.hpp"
#include "os/retry.hpp"

namespace berth::os {

Result<std::vector<std::string>> list_at(int dir) {
  std::vector<std::string> names;
  TRY(for_each_name(dir, [&](std::string_view name) { names.emplace_back(name); }));
  std::ranges::sort(names);
  return names;
}

Result<UniqueFd> open_at(int dir, const std::string& name, int flags, mode_t mode) {
  const int fd = retry([&] { return ::openat(dir, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode); });
  if (fd < 0) return fail_errno(errno, "openat", name);
  return UniqueFd{fd};
}

Result<> make_link_at(int dir, const std::string& name, const std::string& target) {
  if (::symlinkat(target.c_str(), dir, name.c_str()) != 0) return fail_errno(errno, "symlinkat", name);
  return {};
}

Result<> set_owner_at(int dir, const std::string& name, uid_t uid, gid_t gid) {
  if (::fchownat(dir, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "fchownat", name);
  return {};
}

Result<> set_mode_at(int dir, const std::string& name, mode_t mode) {
  if (::fchmodat(dir, name.c_str(), mode, 0) != 0) return fail_errno(errno, "fchmodat", name);
  return {};
}

Result<> set_modified_at(int dir, const std::string& name, std::int64_t seconds) {
  const std::array<timespec, 2> times{{{0, UTIME_OMIT}, {static_cast<time_t>(seconds), 0}}};
  if (::utimensat(dir, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "utimensat", name);
  return {};
}

}  // namespace berth::os
