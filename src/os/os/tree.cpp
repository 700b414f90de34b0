// Whole files and directories: made privately, replaced at once, removed without following anything.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "os/file.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

constexpr int max_depth = 64;  // open descriptors at once; a deeper directory is moved up and removed from there
constexpr std::size_t batch = 1024;

std::string unique_suffix() {
  static std::atomic<unsigned> counter{0};
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(::getpid()) + "-" + std::to_string(now.tv_nsec) + "-" + std::to_string(counter++);
}

Path parent_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

class TreeRemover {
 public:
  TreeRemover(int top, dev_t device, Path shown) : top_(top), device_(device), shown_(std::move(shown)) {}

  // Until nothing is left: what was moved up from the depths comes with the next round.
  Result<> remove_all() {
    do {
      moved_ = false;
      TRY(empty(top_, 0));
    } while (moved_);
    return {};
  }

 private:
  // Names in batches, so that a directory of any size costs bounded memory.
  Result<std::vector<std::string>> some_names(int dir) {
    const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return fail_errno(errno, "openat", shown_);
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
    if (!stream) {
      ::close(copy);
      return fail_errno(ENOMEM, "fdopendir", shown_);
    }
    std::vector<std::string> names;
    while (names.size() < batch) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr && errno != 0) return fail_errno(errno, "readdir", shown_);
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
  }

  Result<> empty(int dir, int depth) {
    for (;;) {
      TRY_ASSIGN(auto names, some_names(dir));
      if (names.empty()) return {};
      for (const std::string& name : names) TRY(remove_entry(dir, name, depth));
      if (depth == 0 && moved_) return {};
    }
  }

  Result<> remove_entry(int dir, const std::string& name, int depth) {
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "unlinkat", shown_ / name);
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) return fail_errno(errno, "unlinkat", shown_ / name);
    if (depth >= max_depth) {
      if (::renameat(dir, name.c_str(), top_, (".removed-" + unique_suffix()).c_str()) != 0)
        return fail_errno(errno, "renameat", shown_ / name);
      moved_ = true;
      return {};
    }
    TRY_ASSIGN(auto child, open_child(dir, name));
    TRY(empty(child.get(), depth + 1));
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
      return fail_errno(errno, "unlinkat", shown_ / name);
    return {};
  }

  Result<UniqueFd> open_child(int dir, const std::string& name) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = ::openat(dir, name.c_str(), flags);
    if (fd < 0 && errno == EACCES && ::fchmodat(dir, name.c_str(), 0700, 0) == 0)
      fd = ::openat(dir, name.c_str(), flags);
    if (fd < 0) return fail_errno(errno, "openat", shown_ / name);
    UniqueFd child{fd};
    TRY_ASSIGN(auto st, stat_fd(fd));
    if (st.st_dev != device_) return fail_errno(EBUSY, "remove_tree", shown_ / name);
    if ((st.st_mode & 0700) != 0700) (void)::fchmod(fd, 0700);
    return child;
  }

  int top_;
  dev_t device_;
  Path shown_;
  bool moved_ = false;
};

}  // namespace

Result<> remove_tree_at(int dir, const std::string& name, const Path& shown) {
  const int fd = ::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) {
    UniqueFd top{fd};
    struct stat parent{}, st{};
    if (::fstat(dir, &parent) != 0 || ::fstat(fd, &st) != 0) return fail_errno(errno, "fstat", shown);
    if (parent.st_dev != st.st_dev) return fail_errno(EBUSY, "remove_tree", shown);
    if ((st.st_mode & 0700) != 0700) (void)::fchmod(fd, 0700);
    TRY(TreeRemover(fd, st.st_dev, shown).remove_all());
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return fail_errno(errno, "rmdir", shown);
    return {};
  }
  if (errno == ENOENT) return {};
  if (errno != ENOTDIR && errno != ELOOP) return fail_errno(errno, "openat", shown);
  if (::unlinkat(dir, name.c_str(), 0) != 0 && errno != ENOENT) return fail_errno(errno, "unlinkat", shown);
  return {};
}

Result<> remove_tree(const Path& path) {
  const Path clean = path.has_filename() ? path : path.parent_path();
  auto parent = open_flags(parent_of(clean), O_PATH | O_DIRECTORY);
  if (!parent && parent.error().sys_errno == ENOENT) return {};
  if (!parent) return pass(std::move(parent).error());
  return remove_tree_at(parent->get(), clean.filename(), path);
}

Result<> make_directory(const Path& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno != EEXIST) return fail_errno(errno, "mkdir", path);
  TRY_ASSIGN(auto st, stat_path(path));
  if (!S_ISDIR(st.st_mode)) return fail_errno(ENOTDIR, "mkdir", path);
  return {};
}

Result<> make_private_directory(const Path& path) {
  const Path clean = path.has_filename() ? path : path.parent_path();
  int made = ::mkdir(clean.c_str(), 0700);
  if (made != 0 && errno == ENOENT && clean.has_parent_path()) {
    TRY(make_private_directory(clean.parent_path()));
    made = ::mkdir(clean.c_str(), 0700);
  }
  if (made != 0 && errno != EEXIST) return fail_errno(errno, "mkdir", path);
  // Through a descriptor that follows no link, so that what is checked is what is changed.
  TRY_ASSIGN(auto fd, open_flags(clean, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY_ASSIGN(auto st, stat_fd(fd.get()));
  if (st.st_uid != ::geteuid())
    return pass(Error{.code = Code::PermissionDenied, .message = "The directory belongs to another user.",
                      .operation = "make_private_directory", .subject = path});
  if ((st.st_mode & 07777) != 0700 && ::fchmod(fd.get(), 0700) != 0) return fail_errno(errno, "fchmod", path);
  return {};
}

Result<> sync_directory(const Path& path) {
  TRY_ASSIGN(auto fd, open_directory(path));
  auto synced = sync(fd.get());
  if (!synced) synced.error().subject = path;
  return synced;
}

Result<> durable_write(const Path& path, std::string_view bytes, mode_t mode) {
  const Path temporary = parent_of(path) / ("." + path.filename().string() + "." + unique_suffix());
  auto written = [&]() -> Result<> {
    TRY_ASSIGN(auto fd, create_new(temporary, mode));
    if (::fchmod(fd.get(), mode) != 0) return fail_errno(errno, "fchmod", temporary);
    TRY(write_all(fd.get(), bytes));
    TRY(sync(fd.get()));
    return rename_path(temporary, path);
  }();
  if (!written) {
    ::unlink(temporary.c_str());
    if (written.error().subject.starts_with("fd ")) written.error().subject = path;
    return written;
  }
  return sync_directory(parent_of(path));
}

Result<> rename_path(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "rename", from.string() + " to " + to.string());
  return {};
}

Result<> remove_file(const Path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "unlink", path);
  return {};
}

Result<> set_owner(const Path& path, uid_t uid, gid_t gid) {
  if (::lchown(path.c_str(), uid, gid) != 0) return fail_errno(errno, "lchown", path);
  return {};
}

Result<> set_mode(const Path& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod", path);
  return {};
}

}  // namespace berth::os
