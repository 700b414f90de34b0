#pragma once
// Limits that the host sets on this process (getrlimit(2)). Any thread.

#include <cstdint>

namespace berth::os {

// The hard limit on open files: what a child may be given at most. 0 when it cannot be read.
[[nodiscard]] std::uint64_t open_files_ceiling();

}  // namespace berth::os
