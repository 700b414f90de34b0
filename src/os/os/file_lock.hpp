#pragma once
// Waiting for a lock on a file (flock(2)), between threads and processes alike. The lock is held as long as the
// returned descriptor's file description lives, and goes with its process. Blocks without a deadline: whoever holds
// such a lock works towards an end. For a lock that must not be waited for see try_lock_file() in os/file.hpp.

#include <chrono>
#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

Result<UniqueFd> lock_file(const std::filesystem::path& path, mode_t mode = 0600);  // made when absent

// On a directory itself: shared, waiting for whoever has it alone; or alone, empty when others had it all that time.
Result<UniqueFd> share_directory(const std::filesystem::path& path);
Result<std::optional<UniqueFd>> lock_directory(const std::filesystem::path& path, std::chrono::milliseconds timeout);

// Everything that was written on the file system that holds `path` is on the disk (syncfs(2)).
Result<> sync_file_system(const std::filesystem::path& path);

}  // namespace berth::os
