#include "os/limits.hpp"

#include <sys/resource.h>

namespace berth::os {

std::uint64_t open_files_ceiling() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 0;
}

}  // namespace berth::os
