#pragma once
// Limits that the host sets on this process (getrlimit(2)). Any thread.

#include <cstdint>

#include "base/result.hpp"

namespace berth::os {

// The hard limit on open files: what a child may be given at most. 0 when it cannot be read.
[[nodiscard]] std::uint64_t open_files_ceiling();
// Raises the soft limit to it, for a program that keeps many descriptors and no select(2). Children inherit it.
Result<> raise_open_files();

}  // namespace berth::os
