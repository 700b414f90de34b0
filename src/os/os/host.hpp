#pragma once
// What the host says about itself: its kernel and the space on its disks. Values of one moment; any thread.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace berth::os {

struct Kernel {
  std::string name, release, machine;
};  // "Linux", "6.1.0-18-amd64", "x86_64"
Result<Kernel> kernel();

struct DiskSpace {
  std::uint64_t total_bytes = 0, available_bytes = 0, free_files = 0;
};
// Of the file system that holds `path`, for a user without privilege.
Result<DiskSpace> disk_space(const std::filesystem::path& path);

[[nodiscard]] std::uint32_t effective_user();

}  // namespace berth::os
