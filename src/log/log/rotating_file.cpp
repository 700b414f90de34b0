#include "log/rotating_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <string>

#include "os/file.hpp"

namespace berth::log {
namespace fs = std::filesystem;

Result<RotatingFile> RotatingFile::open(fs::path path, std::uint64_t file_bytes, std::uint64_t total_bytes) {
  RotatingFile file;
  file.path_ = std::move(path);
  file.file_bytes_ = std::max<std::uint64_t>(file_bytes, 1);
  file.keep_ = std::max<std::uint64_t>(total_bytes / file.file_bytes_, 1) - 1;
  TRY(file.reopen());
  return file;
}

Result<> RotatingFile::append(std::string_view line) {
  if (size_ > 0 && size_ + line.size() + 1 > file_bytes_) TRY(rotate());
  std::string bytes;
  bytes.reserve(line.size() + 2);
  if (torn_) bytes += '\n';
  (bytes += line) += '\n';
  if (auto written = os::write_all(fd_.get(), bytes); !written) {
    torn_ = true;
    return written;
  }
  torn_ = false;
  size_ += bytes.size();
  return {};
}

Result<> RotatingFile::sync() { return os::sync_data(fd_.get()); }

Result<> RotatingFile::reopen() {
  TRY_ASSIGN(fd_, os::open_flags(path_, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0600));
  TRY_ASSIGN(const auto state, os::stat_fd(fd_.get()));
  if (!S_ISREG(state.st_mode)) return fail(Code::InvalidArgument, "The log is not a regular file.");
  size_ = static_cast<std::uint64_t>(state.st_size);
  torn_ = false;
  if (size_ > 0) {
    std::array<char, 1> last{};
    TRY_ASSIGN(const auto got, os::pread_full(fd_.get(), last, size_ - 1));
    torn_ = got == 1 && last[0] != '\n';
  }
  return {};
}

// Moves are from the oldest on, so that a crash in between leaves a gap and loses nothing.
Result<> RotatingFile::rotate() {
  std::uint64_t last = 0;
  while (last < keep_ && fs::exists(fs::symlink_status(aside(last + 1)))) ++last;
  if (last == keep_) TRY(os::remove_file(aside(last)));
  for (std::uint64_t number = std::min(last + 1, keep_); number >= 1; --number)
    TRY(os::rename_path(aside(number - 1), aside(number)));
  ++rotations_;
  return reopen();
}

fs::path RotatingFile::aside(std::uint64_t number) const {
  fs::path path = path_;
  return number == 0 ? path : path += "." + std::to_string(number);
}

}  // namespace berth::log
