#pragma once
// Private to log: appends lines to <path>; a file that would grow over `file_bytes` is set aside as <path>.1, what was
// .1 becomes .2, and so on, until all of them together would be over `total_bytes`. Nothing is lost but the oldest.
//
// Each line is one write. After a crash or a full disk the file may end in half a line: the next one then begins on a
// line of its own. One thread at a time. Files are 0600 from creation.

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::log {

class RotatingFile {
 public:
  static Result<RotatingFile> open(std::filesystem::path path, std::uint64_t file_bytes, std::uint64_t total_bytes);
  Result<> append(std::string_view line);  // without its end
  Result<> sync();
  [[nodiscard]] std::uint64_t rotations() const { return rotations_; }

 private:
  Result<> reopen();
  Result<> rotate();
  [[nodiscard]] std::filesystem::path aside(std::uint64_t number) const;  // 0 is the file itself

  std::filesystem::path path_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t keep_ = 0;  // files set aside
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  bool torn_ = false;
  std::uint64_t rotations_ = 0;
};

}  // namespace berth::log
