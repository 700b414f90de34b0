#pragma once
// For tests: a directory of its own that is gone afterwards.
//
// Ownership: removes the whole tree when it is destroyed. One thread.
//
// Example:
//   const os::ScratchDir scratch;
//   TRY(os::make_private_directory(scratch / "home"));

#include <cstdlib>
#include <filesystem>
#include <string>

#include "os/file.hpp"

namespace berth::os {

class ScratchDir {
 public:
  ScratchDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchDir() { (void)remove_tree(path_); }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] Path operator/(const std::string& name) const { return path_ / name; }

 private:
  Path path_;
};

}  // namespace berth::os
