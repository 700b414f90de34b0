// See CMakeLists.txt. Set by the environment:
//   BERTH_FAULTS_HOME  the directory (absolute, without symbolic links)
//   BERTH_FAULTS_LOG   where calls are written down (faults_record.hpp); absent: nowhere
// and by the program itself, through the symbols at the end: berth_faults_plan("sync:3:EIO"): the third call from now on of that kind
// (any, write, sync, name) fails so; "write:2+:ENOSPC": it and all after it; "any:7:kill": the process is killed before the
// seventh; "write:1:short": half of it is written; "sync:1+:lie": it is said to be done and is not. "": no fault.
// One call at a time, so that the record is in the order of the effects.

#include "faults_record.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

namespace {

using berth::faults::Head;
using berth::faults::Op;

enum class Kind { Any, Write, Sync, Name };
enum class Verdict { Go, Short, Lie, Failed };

struct Plan {
  Kind kind = Kind::Any;
  long at = 0;          // 0: none
  bool onwards = false, kills = false, shortens = false, lies = false;
  int error = 0;
};

std::mutex mutex;
Plan plan;
long calls[4];  // by kind, since the plan was made

const std::string& home() {
  static const std::string path = [] {
    const char* given = std::getenv("BERTH_FAULTS_HOME");
    return given ? std::string(given) : std::string();
  }();
  return path;
}

int log_file() {
  static const int file = [] {
    const char* path = std::getenv("BERTH_FAULTS_LOG");
    return path ? static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) : -1;
  }();
  return file;
}

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

bool below(std::string_view path) {
  return !home().empty() && path.starts_with(home()) && (path.size() == home().size() || path[home().size()] == '/');
}

std::string path_of(int file) {
  char link[64], found[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, found, sizeof found);
  return size > 0 ? std::string(found, static_cast<std::size_t>(size)) : std::string();
}

std::string path_at(int directory, const char* name) {
  if (name == nullptr) return {};
  if (name[0] == '/') return name;
  char here[PATH_MAX];
  std::string begin = directory == AT_FDCWD ? (getcwd(here, sizeof here) ? here : "") : path_of(directory);
  return std::move(begin) + "/" + name;
}

// A file that is changed by its descriptor: 0 when it is not ours.
std::uint64_t inode_of(int file) {
  struct stat found{};
  if (home().empty() || !below(path_of(file)) || fstat(file, &found) != 0) return 0;
  return S_ISREG(found.st_mode) || S_ISDIR(found.st_mode) ? found.st_ino : 0;
}

void note(Head head, std::string_view name = {}, std::string_view other = {}, std::string_view data = {}) {
  if (log_file() < 0) return;
  const auto inside = [](std::string_view path) { return path.empty() ? path : path.substr(std::min(path.size(), home().size() + 1)); };
  const std::string_view parts[] = {inside(name), inside(other), data};
  head.name_bytes = static_cast<std::uint32_t>(parts[0].size());
  head.other_bytes = static_cast<std::uint32_t>(parts[1].size());
  head.data_bytes = parts[2].size();
  std::string all(reinterpret_cast<const char*>(&head), sizeof head);
  for (const auto part : parts) all += part;
  for (std::size_t at = 0; at < all.size();) {
    const long wrote = syscall(SYS_write, log_file(), all.data() + at, all.size() - at);
    if (wrote <= 0) std::abort();
    at += static_cast<std::size_t>(wrote);
  }
}

Verdict next(Kind kind) {
  ++calls[static_cast<int>(Kind::Any)];
  ++calls[static_cast<int>(kind)];
  const long number = calls[static_cast<int>(plan.kind)];
  if (plan.at == 0 || (plan.kind != Kind::Any && plan.kind != kind)) return Verdict::Go;
  if (number != plan.at && !(plan.onwards && number > plan.at)) return Verdict::Go;
  if (plan.kills) syscall(SYS_kill, getpid(), SIGKILL);
  if (plan.shortens) return Verdict::Short;
  if (plan.lies) return Verdict::Lie;
  errno = plan.error;
  return Verdict::Failed;
}

template <class Write>
ssize_t written(int file, const char* data, std::size_t size, std::int64_t offset, Write write) {
  const std::uint64_t inode = inode_of(file);
  if (inode == 0) return write(data, size);
  const std::lock_guard lock(mutex);
  const Verdict verdict = next(Kind::Write);
  if (verdict == Verdict::Failed) return -1;
  struct stat before{};
  (void)fstat(file, &before);
  const bool appends = offset < 0 && (fcntl(file, F_GETFL) & O_APPEND) != 0;
  const std::int64_t at = offset >= 0 ? offset : appends ? before.st_size : lseek(file, 0, SEEK_CUR);
  const ssize_t done = write(data, verdict == Verdict::Short && size > 1 ? size / 2 : size);
  if (done > 0) note({.op = Op::Write, .inode = inode, .offset = static_cast<std::uint64_t>(at)}, {}, {}, {data, static_cast<std::size_t>(done)});
  return done;
}

template <class Call>
int synced(int file, Call call) {
  const std::uint64_t inode = inode_of(file);
  if (inode == 0) return call();
  const std::lock_guard lock(mutex);
  const Verdict verdict = next(Kind::Sync);
  if (verdict == Verdict::Failed) return -1;
  if (verdict == Verdict::Lie) return 0;
  const int done = call();
  if (done == 0) note({.op = Op::Sync, .inode = inode}, path_of(file));
  return done;
}

template <class Call>
int truncated(int file, std::int64_t size, Call call) {
  const std::uint64_t inode = inode_of(file);
  if (inode == 0) return call();
  const std::lock_guard lock(mutex);
  if (next(Kind::Write) == Verdict::Failed) return -1;
  const int done = call();
  if (done == 0) note({.op = Op::Truncate, .inode = inode, .offset = static_cast<std::uint64_t>(size)});
  return done;
}

// A change of names; `other` may be empty.
template <class Call>
int named(Op op, const std::string& path, const std::string& other, Call call) {
  if (!below(path)) return call();
  const std::lock_guard lock(mutex);
  if (next(Kind::Name) == Verdict::Failed) return -1;
  const int done = call();
  struct stat made{};
  if (done == 0 && op == Op::Directory) (void)stat(path.c_str(), &made);
  if (done == 0) note({.op = op, .inode = made.st_ino}, path, other);
  return done;
}

template <class Call>
int opened(int directory, const char* name, int flags, Call call) {
  const std::string path = path_at(directory, name);
  if ((flags & (O_CREAT | O_TRUNC)) == 0 || !below(path)) return call();
  const std::lock_guard lock(mutex);
  struct stat found{};
  const bool was_there = stat(path.c_str(), &found) == 0;
  if (was_there && (flags & O_TRUNC) == 0) return call();
  if (next(Kind::Name) == Verdict::Failed) return -1;
  const int file = call();
  if (file < 0 || fstat(file, &found) != 0) return file;
  if (was_there) note({.op = Op::Truncate, .inode = found.st_ino});
  else if ((flags & O_TMPFILE) != O_TMPFILE) note({.op = Op::Create, .inode = found.st_ino}, path);
  return file;
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

extern "C" {

#define BERTH_OPEN(name)                                                                                         \
  int name(const char* path, int flags, ...) {                                                                   \
    va_list arguments;                                                                                           \
    va_start(arguments, flags);                                                                                  \
    const mode_t mode = mode_of(flags, arguments);                                                               \
    va_end(arguments);                                                                                           \
    static const auto call = real<int (*)(const char*, int, ...)>(#name);                                        \
    return opened(AT_FDCWD, path, flags, [&] { return call(path, flags, mode); });                               \
  }
BERTH_OPEN(open)
BERTH_OPEN(open64)
#define BERTH_OPENAT(name)                                                                                       \
  int name(int directory, const char* path, int flags, ...) {                                                    \
    va_list arguments;                                                                                           \
    va_start(arguments, flags);                                                                                  \
    const mode_t mode = mode_of(flags, arguments);                                                               \
    va_end(arguments);                                                                                           \
    static const auto call = real<int (*)(int, const char*, int, ...)>(#name);                                   \
    return opened(directory, path, flags, [&] { return call(directory, path, flags, mode); });                   \
  }
BERTH_OPENAT(openat)
BERTH_OPENAT(openat64)

ssize_t write(int file, const void* data, size_t size) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
  return written(file, static_cast<const char*>(data), size, -1, [&](const char* from, size_t most) { return call(file, from, most); });
}
#define BERTH_PWRITE(name)                                                                                       \
  ssize_t name(int file, const void* data, size_t size, off64_t offset) {                                        \
    static const auto call = real<ssize_t (*)(int, const void*, size_t, off64_t)>(#name);                        \
    return written(file, static_cast<const char*>(data), size, offset,                                           \
                   [&](const char* from, size_t most) { return call(file, from, most, offset); });               \
  }
BERTH_PWRITE(pwrite)
BERTH_PWRITE(pwrite64)
ssize_t writev(int file, const struct iovec* parts, int count) {
  static const auto call = real<ssize_t (*)(int, const struct iovec*, int)>("writev");
  if (inode_of(file) == 0) return call(file, parts, count);
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return write(file, all.data(), all.size());
}

#define BERTH_SYNC(name)                                                                                         \
  int name(int file) {                                                                                           \
    static const auto call = real<int (*)(int)>(#name);                                                          \
    return synced(file, [&] { return call(file); });                                                             \
  }
BERTH_SYNC(fsync)
BERTH_SYNC(fdatasync)
#define BERTH_TRUNCATE(name)                                                                                     \
  int name(int file, off64_t size) noexcept {                                                                    \
    static const auto call = real<int (*)(int, off64_t)>(#name);                                                 \
    return truncated(file, size, [&] { return call(file, size); });                                              \
  }
BERTH_TRUNCATE(ftruncate)
BERTH_TRUNCATE(ftruncate64)

int renameat2(int from_in, const char* from, int to_in, const char* to, unsigned flags) noexcept {
  static const auto call = real<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  return named(Op::Rename, path_at(from_in, from), path_at(to_in, to), [&] { return call(from_in, from, to_in, to, flags); });
}
int renameat(int from_in, const char* from, int to_in, const char* to) noexcept { return renameat2(from_in, from, to_in, to, 0); }
int rename(const char* from, const char* to) noexcept { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_in, const char* from, int to_in, const char* to, int flags) noexcept {
  static const auto call = real<int (*)(int, const char*, int, const char*, int)>("linkat");
  const std::string path = (flags & AT_EMPTY_PATH) != 0 ? path_of(from_in) : path_at(from_in, from);
  return named(Op::Link, path, path_at(to_in, to), [&] { return call(from_in, from, to_in, to, flags); });
}
int link(const char* from, const char* to) noexcept { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int unlinkat(int directory, const char* path, int flags) noexcept {
  static const auto call = real<int (*)(int, const char*, int)>("unlinkat");
  const Op op = (flags & AT_REMOVEDIR) != 0 ? Op::RemoveDirectory : Op::Unlink;
  return named(op, path_at(directory, path), {}, [&] { return call(directory, path, flags); });
}
int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  static const auto call = real<int (*)(int, const char*, mode_t)>("mkdirat");
  return named(Op::Directory, path_at(directory, path), {}, [&] { return call(directory, path, mode); });
}
int mkdir(const char* path, mode_t mode) noexcept { return mkdirat(AT_FDCWD, path, mode); }

// ---- for the program itself ----

void berth_faults_plan(const char* text) {
  Plan made;
  std::string_view rest = text;
  const auto part = [&] {
    const auto end = std::min(rest.find(':'), rest.size());
    const auto out = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return out;
  };
  const auto kind = part();
  made.kind = kind == "write" ? Kind::Write : kind == "sync" ? Kind::Sync : kind == "name" ? Kind::Name : Kind::Any;
  std::string number(part());
  made.onwards = number.ends_with('+');
  made.at = std::atol(number.c_str());
  made.kills = rest == "kill";
  made.shortens = rest == "short";
  made.lies = rest == "lie";
  made.error = rest == "EIO" ? EIO : rest == "ENOSPC" ? ENOSPC : rest == "EROFS" ? EROFS : rest == "EACCES" ? EACCES : 0;
  if (made.at != 0 && !made.kills && !made.shortens && !made.lies && made.error == 0) std::abort();  // a plan that says nothing
  const std::lock_guard lock(mutex);
  plan = made;
  for (long& count : calls) count = 0;
}

long berth_faults_calls() {  // since the plan
  const std::lock_guard lock(mutex);
  return calls[static_cast<int>(Kind::Any)];
}

}  // extern "C"
