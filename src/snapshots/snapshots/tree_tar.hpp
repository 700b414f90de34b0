#pragma once
// A directory and everything below it as a tar archive (ustar; pax where a name is long), read at one's own pace while others
// write in it.
//
// Problem: the tree is a sandbox's, whose programs may be hostile and go on: a directory becomes a link while it is walked, a file
// grows, a pipe waits for a writer. So each step is from an open directory and follows no link; a file has the size that it had
// when it was opened, filled up with zeros when it is shorter by then; pipes, sockets and devices are not opened. What is not in
// the archive is in skipped(), with why.
//
//   entries: directories, files, symbolic links (as links, wherever they lead); sorted by name in each directory; owner 0
//
// Owner: the descriptors. Thread: one. Blocks. Memory: the names of one path's directories.
// Errors: NotFound, TooLarge (more than most_entries), the file's.
//
// Example (const std::filesystem::path& workspace):
//   TRY_ASSIGN(auto tree, snapshots::TreeTar::open(workspace));
//   for (;;) {
//     TRY_ASSIGN(const auto piece, tree.next());
//     if (!piece) break;
//   }

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::snapshots {

class TreeTar {
 public:
  static constexpr std::size_t piece_bytes = 64 << 10, most_entries = 1'000'000, most_depth = 200, most_skipped = 1'000;

  static Result<TreeTar> open(const std::filesystem::path& root);
  Result<std::optional<std::string>> next();  // empty: that was all
  [[nodiscard]] const std::vector<std::string>& skipped() const { return skipped_; }  // "a/pipe: no file"; at most most_skipped

 private:
  struct Level {
    UniqueFd dir;
    std::string prefix;              // of what is in it: "" or "a/b/"
    std::vector<std::string> names;  // the last is next
  };
  Result<> enter(UniqueFd dir, std::string prefix);
  Result<std::string> entry(const std::string& name);  // its header, when it has one
  Result<std::string> file_entry(const Level& level, const std::string& name);
  Result<std::string> piece_of_file();
  void skip(const std::string& path, const char* why);

  std::vector<Level> levels_;
  std::vector<std::string> skipped_;
  UniqueFd file_;
  std::uint64_t left_ = 0, padding_ = 0;
  std::size_t entries_ = 0;
  bool ended_ = false;
};

}  // namespace berth::snapshots
