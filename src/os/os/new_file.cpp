#include "os/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace berth::os {
namespace {

Path directory_of(const Path& path) { return path.has_parent_path() ? path.parent_path() : Path("."); }

std::unexpected<Error> there_already(const Path& path) {
  return pass(Error{.code = Code::AlreadyExists, .message = "The file is there already; it is not replaced.", .hint = "Take another name.",
                    .operation = "publish", .subject = path});
}

}  // namespace

Result<NewFile> NewFile::open(const Path& path, mode_t mode) {
  if (stat_no_follow(path)) return there_already(path);
  const Path directory = directory_of(path);
  auto nameless = open_flags(directory, O_RDWR | O_TMPFILE, mode);
  if (nameless) return NewFile(path, {}, *std::move(nameless));
  const int why = nameless.error().sys_errno;
  if (why != EOPNOTSUPP && why != EISDIR) return pass(std::move(nameless).error());  // EISDIR: a kernel that does not know the flag
  const Path hidden = directory / ("." + path.filename().string() + ".part");
  TRY(remove_file(hidden));
  TRY_ASSIGN(auto file, create_new(hidden, mode));
  return NewFile(path, hidden, std::move(file));
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)), hidden_(std::exchange(other.hidden_, {})), file_(std::move(other.file_)) {}

NewFile::~NewFile() {
  if (!hidden_.empty()) (void)remove_file(hidden_);
}

Result<> NewFile::publish() {
  TRY(sync(file_.get()));
  const Path from = hidden_.empty() ? Path("/proc/self/fd/" + std::to_string(file_.get())) : hidden_;
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(), hidden_.empty() ? AT_SYMLINK_FOLLOW : 0) != 0) {
    if (errno == EEXIST) return there_already(path_);
    return fail_errno(errno, "linkat", path_);
  }
  if (!hidden_.empty()) TRY(remove_file(std::exchange(hidden_, {})));
  return sync_directory(directory_of(path_));
}

}  // namespace berth::os
