#include "os/host.hpp"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace berth::os {

Result<Kernel> kernel() {
  utsname name{};
  if (::uname(&name) != 0) return fail_errno(errno, "uname");
  return Kernel{.name = name.sysname, .release = name.release, .machine = name.machine};
}

Result<DiskSpace> disk_space(const std::filesystem::path& path) {
  struct statvfs state{};
  while (::statvfs(path.c_str(), &state) != 0)
    if (errno != EINTR) return fail_errno(errno, "statvfs", path);
  return DiskSpace{.total_bytes = std::uint64_t{state.f_blocks} * state.f_frsize,
                   .available_bytes = std::uint64_t{state.f_bavail} * state.f_frsize,
                   .free_files = state.f_favail};
}

std::uint32_t effective_user() { return ::geteuid(); }

}  // namespace berth::os
