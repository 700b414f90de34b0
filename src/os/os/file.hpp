#pragma once
// Files: one wrapper per system call, and the durable and the safe forms built from them.
//
// Every descriptor is CLOEXEC from its creation. EINTR is handled; EAGAIN is an empty optional where a descriptor may be
// non-blocking; another failure names the call and its subject. Functions keep no state and may be called from any thread.
// Offsets and sizes are bytes; modes are permission bits.

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

using Path = std::filesystem::path;

// ---- opening ----
Result<UniqueFd> open_read(const Path& path);
Result<UniqueFd> open_append(const Path& path, mode_t mode = 0600);      // made when absent
Result<UniqueFd> open_read_write(const Path& path, mode_t mode = 0600);  // made when absent
Result<UniqueFd> create_new(const Path& path, mode_t mode = 0600);       // EEXIST when there is one, link included
Result<UniqueFd> open_directory(const Path& path);
Result<UniqueFd> open_flags(const Path& path, int flags, mode_t mode = 0);  // O_CLOEXEC is added
// Below `dir` whatever the path says: no `..` out of it, no link out of it, no magic link of /proc (openat2
// RESOLVE_BENEATH|NO_MAGICLINKS). For paths that a stranger made.
Result<UniqueFd> open_beneath(int dir, const Path& path, int flags, mode_t mode = 0);

// ---- bytes ----
// Empty optional: would block. 0: end of file.
Result<std::optional<std::size_t>> read_some(int fd, std::span<char> into);
Result<std::optional<std::size_t>> write_some(int fd, std::string_view bytes);
Result<> write_all(int fd, std::string_view bytes);  // waits when the descriptor is non-blocking
Result<> writev_all(int fd, std::initializer_list<std::string_view> parts);
Result<std::size_t> pread_full(int fd, std::span<char> into, std::uint64_t offset);  // short only at end of file
Result<> pwrite_all(int fd, std::string_view bytes, std::uint64_t offset);
Result<std::string> read_all(int fd, std::size_t limit, const std::string& subject = {});  // beyond limit: TooLarge
Result<std::string> read_file(const Path& path, std::size_t limit);

// ---- state ----
Result<> sync(int fd);
Result<> sync_data(int fd);
Result<> sync_directory(const Path& path);
Result<> truncate(int fd, std::uint64_t size);
Result<> allocate(int fd, std::uint64_t offset, std::uint64_t length);  // posix_fallocate: NoSpace now, not later
Result<struct stat> stat_fd(int fd);
Result<struct stat> stat_path(const Path& path);       // follows links
Result<struct stat> stat_no_follow(const Path& path);
Result<> set_nonblocking(int fd, bool on = true);
Result<> set_close_on_exec(int fd, bool on);
Result<UniqueFd> duplicate(int fd);
struct Pipe { UniqueFd read, write; };
Result<Pipe> make_pipe(int flags = 0);  // O_CLOEXEC is added
// Exclusive advisory lock, held as long as the descriptor's file description lives; an empty optional: someone has it.
Result<std::optional<UniqueFd>> try_lock_file(const Path& path, mode_t mode = 0600);

// ---- whole files and directories ----
// 0700 whatever the umask, parents too (0700). An error when it is there and not a directory, or of another user; when
// it is there with more permission bits than 0700 it is narrowed.
Result<> make_private_directory(const Path& path);
Result<> make_directory(const Path& path, mode_t mode);  // one level; there already is fine when it is a directory
// All or nothing: unique temporary name beside it, fsync, rename, fsync of the directory; mode at creation.
Result<> durable_write(const Path& path, std::string_view bytes, mode_t mode = 0600);
Result<> rename_path(const Path& from, const Path& to);
Result<> remove_file(const Path& path);  // absent is fine
// Removes what `path` names and everything below it. Follows no link; stops at other file systems (Busy is reported,
// nothing of a mount is removed). Absent is fine.
Result<> remove_tree(const Path& path);
// The same for a name in an open directory; `shown` is what errors name.
Result<> remove_tree_at(int dir, const std::string& name, const Path& shown);
Result<> set_owner(const Path& path, uid_t uid, gid_t gid);  // of a link itself, not of its target
Result<> set_mode(const Path& path, mode_t mode);

}  // namespace berth::os
