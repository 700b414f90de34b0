#pragma once
// A file that gets its name when it is whole: until publish() nobody sees it, and a process that is killed leaves nothing.
//
// It has no name meanwhile where the file system can do that (O_TMPFILE), else a hidden one beside it, `.<name>.part`, which a
// later one of that name takes away. An existing file is never replaced: AlreadyExists. One thread.
//
// Example (const os::Path& path):
//   TRY_ASSIGN(auto file, os::NewFile::open(path));
//   TRY(os::write_all(file.fd(), "all of it"));
//   TRY(file.publish());  // synced, named, the directory synced

#include "os/file.hpp"

namespace berth::os {

class NewFile {
 public:
  static Result<NewFile> open(const Path& path, mode_t mode = 0600);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();
  [[nodiscard]] int fd() const { return file_.get(); }
  Result<> publish();

 private:
  NewFile(Path path, Path hidden, UniqueFd file) : path_(std::move(path)), hidden_(std::move(hidden)), file_(std::move(file)) {}
  Path path_, hidden_;  // hidden: empty when it has no name
  UniqueFd file_;
};

}  // namespace berth::os
