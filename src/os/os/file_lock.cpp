#include "os/file_lock.hpp"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "os/file.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

constexpr std::chrono::milliseconds pause_between_looks{2};

}  // namespace

Result<UniqueFd> lock_file(const std::filesystem::path& path, mode_t mode) {
  TRY_ASSIGN(auto fd, open_read_write(path, mode));
  if (retry([&] { return ::flock(fd.get(), LOCK_EX); }) != 0) return fail_errno(errno, "flock", path);
  return fd;
}

Result<UniqueFd> share_directory(const std::filesystem::path& path) {
  TRY_ASSIGN(auto fd, open_directory(path));
  if (retry([&] { return ::flock(fd.get(), LOCK_SH); }) != 0) return fail_errno(errno, "flock", path);
  return fd;
}

// flock(2) knows no timeout.
Result<std::optional<UniqueFd>> lock_directory(const std::filesystem::path& path, std::chrono::milliseconds timeout) {
  TRY_ASSIGN(auto fd, open_directory(path));
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (retry([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "flock", path);
    if (std::chrono::steady_clock::now() >= until) return std::optional<UniqueFd>{};
    std::this_thread::sleep_for(pause_between_looks);
  }
  return std::optional(std::move(fd));
}

Result<> sync_file_system(const std::filesystem::path& path) {
  TRY_ASSIGN(auto fd, open_read(path));
  if (::syncfs(fd.get()) != 0) return fail_errno(errno, "syncfs", path);
  return {};
}

}  // namespace berth::os
