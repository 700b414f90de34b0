#include "os/inside.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "os/file.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

constexpr int max_links = 40;         // as the kernel
constexpr std::size_t max_depth = 256;

// One resolution: the directories from the root down to here, so that `..` needs no trust in the file system.
class Walk {
 public:
  Walk(int root, std::string path, int flags, mode_t mode)
      : root_(root), rest_(std::move(path)), flags_(flags), mode_(mode) {}

  Result<UniqueFd> open() {
    const std::string shown = rest_;
    for (;;) {
      const std::string name = take_component();
      if (name.empty()) return open_here();
      if (name == ".") continue;
      if (name == "..") {
        if (!above_.empty()) above_.pop_back();
        continue;
      }
      const bool last = rest_.find_first_not_of('/') == std::string::npos;
      const bool must_be_directory = !rest_.empty();
      TRY_ASSIGN(auto target, link_target(name, last && !must_be_directory));
      if (target) {
        if (++links_ > max_links) return fail_errno(ELOOP, "open", shown);
        if (target->starts_with('/')) above_.clear();
        rest_ = *target + "/" + rest_;
        if (last && !must_be_directory) rest_.pop_back();
        continue;
      }
      if (last && !must_be_directory) return finish(name);
      if (above_.size() >= max_depth) return fail_errno(ENAMETOOLONG, "open", shown);
      const int fd = ::openat(here(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd < 0) return fail_errno(errno, "openat", shown);
      above_.emplace_back(fd);
    }
  }

 private:
  int here() const { return above_.empty() ? root_ : above_.back().get(); }

  std::string take_component() {
    const std::size_t begin = std::min(rest_.find_first_not_of('/'), rest_.size());
    const std::size_t end = std::min(rest_.find('/', begin), rest_.size());
    std::string name = rest_.substr(begin, end - begin);
    rest_.erase(0, end);
    return name;
  }

  // Where a link leads that is to be followed; nothing for what is no link. A last one is kept as asked.
  Result<std::optional<std::string>> link_target(const std::string& name, bool last) {
    if (last && (flags_ & O_NOFOLLOW) != 0) return std::nullopt;
    struct stat st{};
    if (::fstatat(here(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(st.st_mode)) return std::nullopt;
    TRY_ASSIGN(bool kernels, is_kernel_filesystem(here()));
    if (kernels && name != "self" && name != "thread-self") return fail_errno(ELOOP, "openat", name);  // may be magic
    TRY_ASSIGN(auto target, read_link(here(), name));
    return std::optional(std::move(target));
  }

  Result<UniqueFd> open_here() {
    const int fd = ::openat(here(), ".", (flags_ & ~O_CREAT & ~O_EXCL) | O_CLOEXEC);
    if (fd < 0) return fail_errno(errno, "openat", ".");
    return UniqueFd{fd};
  }

  Result<UniqueFd> finish(const std::string& name) {
    const int fd = retry([&] { return ::openat(here(), name.c_str(), flags_ | O_NOFOLLOW | O_CLOEXEC, mode_); });
    if (fd < 0) return fail_errno(errno, "openat", name);
    return UniqueFd{fd};
  }

  int root_;
  std::string rest_;
  int flags_;
  mode_t mode_;
  int links_ = 0;
  std::vector<UniqueFd> above_;
};

}  // namespace

Result<UniqueFd> walk_inside(int root, const std::string& path, int flags, mode_t mode) {
  return Walk(root, path, flags, mode).open();
}

Result<UniqueFd> open_inside(int root, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const auto fd = static_cast<int>(retry([&] { return ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how); }));
    if (fd >= 0) return UniqueFd{fd};
    if (errno == EAGAIN && tries < 64) continue;  // a rename raced with the resolution of `..`
    // a kernel without it, or a seccomp filter that was made for one (gVisor's) and says EPERM
    if (errno == ENOSYS || errno == EPERM) return walk_inside(root, path, flags, mode);
    return fail_errno(errno, "openat2", path);
  }
}

Result<bool> is_kernel_filesystem(int fd) {
  struct statfs st{};
  if (retry([&] { return ::fstatfs(fd, &st); }) != 0) {
    if (errno == ENOSYS) return true;  // gVisor's answer for its proc
    return fail_errno(errno, "fstatfs");
  }
  constexpr std::array<unsigned long, 8> kernels{PROC_SUPER_MAGIC,    SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                                 SECURITYFS_MAGIC,    DEBUGFS_MAGIC, TRACEFS_MAGIC,      BPF_FS_MAGIC};
  return std::ranges::find(kernels, static_cast<unsigned long>(st.f_type)) != kernels.end();
}

Result<struct stat> stat_at(int dir, const std::string& name) {
  struct stat st{};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno(errno, "fstatat", name);
  return st;
}

Result<std::string> read_link(int dir, const std::string& name) {
  std::array<char, 4096> target;
  const ssize_t n = ::readlinkat(dir, name.c_str(), target.data(), target.size());
  if (n < 0) return fail_errno(errno, "readlinkat", name);
  return std::string(target.data(), static_cast<std::size_t>(n));
}

Result<> for_each_name(int dir, const std::function<void(std::string_view)>& visit) {
  const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return fail_errno(errno, "openat");
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
  if (!stream) {
    ::close(copy);
    return fail_errno(ENOMEM, "fdopendir");
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return fail_errno(errno, "readdir");
    if (entry == nullptr) return {};
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(name);
  }
}

Result<> make_directory_at(int dir, const std::string& name, mode_t mode) {
  if (::mkdirat(dir, name.c_str(), mode) != 0) return fail_errno(errno, "mkdirat", name);
  return {};
}

Result<> rename_at(int from_dir, const std::string& from, int to_dir, const std::string& to) {
  if (::renameat(from_dir, from.c_str(), to_dir, to.c_str()) != 0) return fail_errno(errno, "renameat", from);
  return {};
}

Result<> remove_at(int dir, const std::string& name, bool directory) {
  if (::unlinkat(dir, name.c_str(), directory ? AT_REMOVEDIR : 0) != 0) return fail_errno(errno, "unlinkat", name);
  return {};
}

}  // namespace berth::os
