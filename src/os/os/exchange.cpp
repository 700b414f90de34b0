#include "os/exchange.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>

namespace berth::os {

Result<> exchange_paths(const Path& from, const Path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return fail_errno(errno, "renameat2", from.string() + " and " + to.string());
  TRY(stat_no_follow(to));
  return rename_path(from, to);
}

}  // namespace berth::os
