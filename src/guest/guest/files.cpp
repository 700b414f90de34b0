#include "guest/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "os/file.hpp"
#include "os/inside.hpp"
#include "wire/frame.hpp"

namespace berth::guest {
namespace {

constexpr std::size_t list_reply_bytes = wire::max_frame_bytes - (64 << 10);

wire::FileInfo::Kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return wire::FileInfo::REGULAR;
  if (S_ISDIR(mode)) return wire::FileInfo::DIRECTORY;
  if (S_ISLNK(mode)) return wire::FileInfo::SYMLINK;
  return wire::FileInfo::OTHER;
}

void describe(const struct stat& st, wire::FileInfo& info) {
  info.set_kind(kind_of(st.st_mode));
  info.set_size(static_cast<std::uint64_t>(std::max<off_t>(st.st_size, 0)));
  info.set_mode(st.st_mode & 07777);
  info.set_uid(st.st_uid);
  info.set_gid(st.st_gid);
  info.set_modified_ns(st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec);
}

mode_t mode_or(std::uint32_t mode, mode_t otherwise) { return mode == 0 ? otherwise : mode & 0777; }

}  // namespace

Result<Files> Files::open(const std::string& root, std::string home) {
  TRY_ASSIGN(auto fd, os::open_flags(root, O_PATH | O_DIRECTORY));
  return Files{std::move(fd), std::move(home)};
}

wire::FileReply Files::answer(const wire::FileRequest& request) const {
  wire::FileReply reply;
  const auto done = [&]() -> Result<> {
    switch (request.op()) {
      case wire::FileRequest::STAT: return stat(request, reply);
      case wire::FileRequest::LIST: return list(request, reply);
      case wire::FileRequest::READ: return read(request, reply);
      case wire::FileRequest::WRITE: return write(request);
      case wire::FileRequest::MAKE_DIR: return make_directory(request);
      case wire::FileRequest::MOVE: return move(request);
      case wire::FileRequest::REMOVE: return remove(request);
      default: return fail_errno(EOPNOTSUPP, "file");
    }
  }();
  if (!done) {
    reply.Clear();
    reply.set_sys_errno(done.error().sys_errno != 0 ? done.error().sys_errno : EIO);
  }
  reply.set_request(request.request());
  return reply;
}

Result<std::string> Files::absolute(const std::string& path) const {
  if (path.empty() || path.find('\0') != std::string::npos) return fail_errno(EINVAL, "path", path);
  return path.starts_with('/') ? path : home_ + "/" + path;
}

Result<UniqueFd> Files::open_allowed(const std::string& path, int flags, mode_t mode) const {
  TRY_ASSIGN(auto whole, absolute(path));
  TRY_ASSIGN(auto fd, os::open_inside(root_.get(), whole, flags, mode));
  TRY_ASSIGN(bool kernels, os::is_kernel_filesystem(fd.get()));
  if (kernels) return fail_errno(EACCES, "open", path);
  return fd;
}

Result<Files::Place> Files::place(const std::string& path) const {
  TRY_ASSIGN(auto whole, absolute(path));
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  const std::size_t slash = whole.rfind('/');
  std::string name = whole.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return fail_errno(EINVAL, "path", path);
  TRY_ASSIGN(auto parent, open_allowed(whole.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  return Place{.parent = std::move(parent), .name = std::move(name)};
}

Result<> Files::stat(const wire::FileRequest& request, wire::FileReply& reply) const {
  TRY_ASSIGN(auto fd, open_allowed(request.path(), O_PATH | O_NOFOLLOW));
  TRY_ASSIGN(auto st, os::stat_fd(fd.get()));
  wire::FileInfo& info = *reply.add_entries();
  describe(st, info);
  std::string path = request.path();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  info.set_name(path.substr(path.size() > 1 ? path.rfind('/') + 1 : 0));
  if (!S_ISLNK(st.st_mode)) return {};
  TRY_ASSIGN(auto target, os::read_link(fd.get(), ""));
  info.set_link_target(target);
  return {};
}

Result<> Files::list(const wire::FileRequest& request, wire::FileReply& reply) const {
  TRY_ASSIGN(auto dir, open_allowed(request.path(), O_RDONLY | O_DIRECTORY));
  const std::size_t wanted = request.length() == 0 ? max_entries : std::min<std::uint64_t>(request.length(), max_entries);
  std::set<std::string> names;  // the first `wanted` by name, whatever the size of the directory
  bool complete = true;
  TRY(os::for_each_name(dir.get(), [&](std::string_view name) {
    if (names.size() == wanted && name > *names.rbegin()) {
      complete = false;
      return;
    }
    names.emplace(name);
    if (names.size() <= wanted) return;
    names.erase(std::prev(names.end()));
    complete = false;
  }));
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    const auto st = os::stat_at(dir.get(), name);
    if (!st) continue;  // removed meanwhile
    wire::FileInfo info;
    info.set_name(name);
    describe(*st, info);
    if (S_ISLNK(st->st_mode)) info.set_link_target(os::read_link(dir.get(), name).value_or(std::string{}));
    bytes += info.ByteSizeLong() + 8;
    if (bytes > list_reply_bytes) {
      complete = false;
      break;
    }
    *reply.add_entries() = std::move(info);
  }
  reply.set_end(complete);
  return {};
}

Result<> Files::read(const wire::FileRequest& request, wire::FileReply& reply) const {
  TRY_ASSIGN(auto fd, open_allowed(request.path(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  TRY_ASSIGN(auto st, os::stat_fd(fd.get()));
  if (!S_ISREG(st.st_mode)) return fail_errno(S_ISDIR(st.st_mode) ? EISDIR : EINVAL, "read", request.path());
  const std::size_t most = wire::max_data_bytes;
  std::string data(request.length() == 0 ? most : std::min<std::uint64_t>(request.length(), most), '\0');
  TRY_ASSIGN(const std::size_t have, os::pread_full(fd.get(), data, request.offset()));
  reply.set_end(have < data.size() || request.offset() + have >= static_cast<std::uint64_t>(st.st_size));
  data.resize(have);
  reply.set_data(std::move(data));
  return {};
}

Result<> Files::write(const wire::FileRequest& request) const {
  if (request.data().size() > wire::max_data_bytes) return fail_errno(EMSGSIZE, "write", request.path());
  TRY_ASSIGN(auto fd, open_allowed(request.path(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY,
                                   mode_or(request.mode(), 0644)));
  TRY_ASSIGN(auto st, os::stat_fd(fd.get()));
  if (!S_ISREG(st.st_mode)) return fail_errno(EINVAL, "write", request.path());
  if (request.truncate()) TRY(os::truncate(fd.get(), request.offset()));
  return os::pwrite_all(fd.get(), request.data(), request.offset());
}

Result<> Files::make_directory(const wire::FileRequest& request) const {
  const mode_t mode = mode_or(request.mode(), 0755);
  TRY_ASSIGN(auto whole, absolute(request.path()));
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  if (request.recursive()) {
    if (whole == "/") return {};
    for (std::size_t slash = whole.find('/', 1); slash != std::string::npos; slash = whole.find('/', slash + 1)) {
      if (whole[slash - 1] == '/') continue;
      const std::string prefix = whole.substr(0, slash);
      if (open_allowed(prefix, O_PATH | O_DIRECTORY)) continue;
      TRY_ASSIGN(auto at, place(prefix));
      TRY(os::make_directory_at(at.parent.get(), at.name, mode));
    }
  }
  TRY_ASSIGN(auto at, place(whole));
  auto made = os::make_directory_at(at.parent.get(), at.name, mode);
  if (!made && made.error().sys_errno == EEXIST && request.recursive() && open_allowed(whole, O_PATH | O_DIRECTORY))
    return {};
  return made;
}

Result<> Files::move(const wire::FileRequest& request) const {
  TRY_ASSIGN(auto from, place(request.path()));
  TRY_ASSIGN(auto to, place(request.to()));
  return os::rename_at(from.parent.get(), from.name, to.parent.get(), to.name);
}

Result<> Files::remove(const wire::FileRequest& request) const {
  TRY_ASSIGN(auto at, place(request.path()));
  TRY_ASSIGN(auto st, os::stat_at(at.parent.get(), at.name));
  if (request.recursive()) return os::remove_tree_at(at.parent.get(), at.name, request.path());
  return os::remove_at(at.parent.get(), at.name, S_ISDIR(st.st_mode));
}

}  // namespace berth::guest
