#include "os/file_lock.hpp"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.hpp"
#include "os/retry.hpp"

namespace berth::os {

Result<UniqueFd> lock_file(const std::filesystem::path& path, mode_t mode) {
  TRY_ASSIGN(auto fd, open_read_write(path, mode));
  if (retry([&] { return ::flock(fd.get(), LOCK_EX); }) != 0) return fail_errno(errno, "flock", path);
  return fd;
}

Result<> sync_file_system(const std::filesystem::path& path) {
  TRY_ASSIGN(auto fd, open_read(path));
  if (::syncfs(fd.get()) != 0) return fail_errno(errno, "syncfs", path);
  return {};
}

}  // namespace berth::os
