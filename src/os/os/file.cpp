#include "os/file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.hpp"
#include "os/poll.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

std::string fd_subject(int fd) { return "fd " + std::to_string(fd); }

Result<UniqueFd> opened(int fd, const char* call, const Path& path) {
  if (fd < 0) return fail_errno(errno, call, path);
  return UniqueFd{fd};
}

}  // namespace

Result<UniqueFd> open_flags(const Path& path, int flags, mode_t mode) {
  return opened(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }), "open", path);
}

Result<UniqueFd> open_read(const Path& path) { return open_flags(path, O_RDONLY); }
Result<UniqueFd> open_append(const Path& path, mode_t mode) {
  return open_flags(path, O_WRONLY | O_APPEND | O_CREAT, mode);
}
Result<UniqueFd> open_read_write(const Path& path, mode_t mode) { return open_flags(path, O_RDWR | O_CREAT, mode); }
Result<UniqueFd> create_new(const Path& path, mode_t mode) {
  return open_flags(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}
Result<UniqueFd> open_directory(const Path& path) { return open_flags(path, O_RDONLY | O_DIRECTORY); }

Result<UniqueFd> open_beneath(int dir, const Path& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const auto fd = static_cast<int>(retry([&] { return ::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how); }));
    if (fd < 0 && errno == EAGAIN && tries < 64) continue;  // a rename raced with the resolution of `..`
    return opened(fd, "openat2", path);
  }
}

Result<std::optional<std::size_t>> read_some(int fd, std::span<char> into) {
  const ssize_t n = retry([&] { return ::read(fd, into.data(), into.size()); });
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EAGAIN) return std::nullopt;
  return fail_errno(errno, "read", fd_subject(fd));
}

Result<std::optional<std::size_t>> write_some(int fd, std::string_view bytes) {
  const ssize_t n = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EAGAIN) return std::nullopt;
  return fail_errno(errno, "write", fd_subject(fd));
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    TRY_ASSIGN(auto n, write_some(fd, bytes));
    if (n) {
      bytes.remove_prefix(*n);
    } else {
      TRY(wait_ready(fd, POLLOUT));
    }
  }
  return {};
}

Result<> writev_all(int fd, std::initializer_list<std::string_view> parts) {
  std::array<iovec, 16> vectors;
  BERTH_CHECK(parts.size() <= vectors.size());
  std::size_t count = 0;
  for (std::string_view part : parts)
    if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
  std::size_t at = 0;
  while (at < count) {
    const ssize_t n = retry([&] { return ::writev(fd, &vectors[at], static_cast<int>(count - at)); });
    if (n < 0 && errno == EAGAIN) {
      TRY(wait_ready(fd, POLLOUT));
      continue;
    }
    if (n < 0) return fail_errno(errno, "writev", fd_subject(fd));
    auto left = static_cast<std::size_t>(n);
    while (at < count && left >= vectors[at].iov_len) left -= vectors[at++].iov_len;
    if (at < count) {
      vectors[at].iov_base = static_cast<char*>(vectors[at].iov_base) + left;
      vectors[at].iov_len -= left;
    }
  }
  return {};
}

Result<std::size_t> pread_full(int fd, std::span<char> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = retry([&] {
      return ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    });
    if (n < 0) return fail_errno(errno, "pread", fd_subject(fd));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<> pwrite_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = retry([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return fail_errno(errno, "pwrite", fd_subject(fd));
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<std::string> read_all(int fd, std::size_t limit, const std::string& subject) {
  std::string out;
  std::array<char, 16384> chunk;
  for (;;) {
    const std::size_t want = std::min(chunk.size(), limit - out.size() + 1);
    TRY_ASSIGN(auto n, read_some(fd, std::span(chunk).first(want)));
    if (!n) {
      TRY(wait_ready(fd, POLLIN));
      continue;
    }
    if (*n == 0) return out;
    out.append(chunk.data(), *n);
    if (out.size() > limit)
      return pass(Error{.code = Code::TooLarge, .message = "This is larger than its limit of " + std::to_string(limit) + " bytes.",
                        .operation = "read", .subject = subject});
  }
}

Result<std::string> read_file(const Path& path, std::size_t limit) {
  TRY_ASSIGN(auto fd, open_read(path));
  auto bytes = read_all(fd.get(), limit, path);
  if (!bytes && bytes.error().sys_errno != 0) bytes.error().subject = path;
  return bytes;
}

Result<> sync(int fd) {
  if (retry([&] { return ::fsync(fd); }) != 0) return fail_errno(errno, "fsync", fd_subject(fd));
  return {};
}

Result<> sync_data(int fd) {
  if (retry([&] { return ::fdatasync(fd); }) != 0) return fail_errno(errno, "fdatasync", fd_subject(fd));
  return {};
}

Result<> truncate(int fd, std::uint64_t size) {
  if (retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }) != 0)
    return fail_errno(errno, "ftruncate", fd_subject(fd));
  return {};
}

Result<> allocate(int fd, std::uint64_t offset, std::uint64_t length) {
  for (;;) {
    const int error = ::posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(length));
    if (error == 0) return {};
    if (error != EINTR) return fail_errno(error, "posix_fallocate", fd_subject(fd));
  }
}

Result<struct stat> stat_fd(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return fail_errno(errno, "fstat", fd_subject(fd));
  return st;
}

Result<struct stat> stat_path(const Path& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) return fail_errno(errno, "stat", path);
  return st;
}

Result<struct stat> stat_no_follow(const Path& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) return fail_errno(errno, "lstat", path);
  return st;
}

Result<> set_nonblocking(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail_errno(errno, "fcntl", fd_subject(fd));
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (wanted != flags && ::fcntl(fd, F_SETFL, wanted) != 0) return fail_errno(errno, "fcntl", fd_subject(fd));
  return {};
}

Result<> set_close_on_exec(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) != 0) return fail_errno(errno, "fcntl", fd_subject(fd));
  return {};
}

Result<UniqueFd> duplicate(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno(errno, "fcntl", fd_subject(fd));
  return UniqueFd{copy};
}

Result<Pipe> make_pipe(int flags) {
  int fds[2];
  if (::pipe2(fds, flags | O_CLOEXEC) != 0) return fail_errno(errno, "pipe2");
  return Pipe{.read = UniqueFd{fds[0]}, .write = UniqueFd{fds[1]}};
}

Result<std::optional<UniqueFd>> try_lock_file(const Path& path, mode_t mode) {
  TRY_ASSIGN(auto fd, open_read_write(path, mode));
  if (retry([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0) return std::optional(std::move(fd));
  if (errno == EWOULDBLOCK) return std::optional<UniqueFd>{};
  return fail_errno(errno, "flock", path);
}

}  // namespace berth::os
