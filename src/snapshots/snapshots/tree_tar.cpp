#include "snapshots/tree_tar.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "os/file.hpp"

namespace berth::snapshots {
namespace {

constexpr std::size_t block = 512, most_name = 100, most_link = 4096;

struct CloseDirectory {
  void operator()(DIR* dir) const { closedir(dir); }
};

std::string header(std::string_view name, char type, std::uint64_t bytes, const struct stat& state, std::string_view link) {
  std::string out(block, '\0');
  const auto put = [&out](std::size_t at, std::string_view text) { out.replace(at, text.size(), text); };
  put(0, name.substr(0, most_name));
  put(100, fmt::format("{:07o}", state.st_mode & 07777));
  put(108, "0000000");
  put(116, "0000000");
  if (bytes <= 077777777777) {
    put(124, fmt::format("{:011o}", bytes));
  } else {  // as GNU and everybody else since: the top bit, and a binary number
    out[124] = static_cast<char>(0x80);
    for (std::size_t i = 0; i < 8; ++i) out[135 - i] = static_cast<char>(bytes >> 8 * i);
  }
  put(136, fmt::format("{:011o}", std::clamp<std::int64_t>(state.st_mtime, 0, 077777777777)));
  out[156] = type;
  put(157, link.substr(0, most_name));
  put(257, std::string_view("ustar\00000", 8));
  put(148, std::string(8, ' '));
  const auto sum = std::accumulate(out.begin(), out.end(), 0u, [](unsigned s, char c) { return s + static_cast<unsigned char>(c); });
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return out;
}

// "27 path=…\n": its own length is of it.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string padded(std::string text) {
  text.resize((text.size() + block - 1) / block * block);
  return text;
}

std::string entry_header(std::string_view name, char type, std::uint64_t bytes, const struct stat& state, std::string_view link = {}) {
  std::string more;
  if (name.size() > most_name) more += record("path", name);
  if (link.size() > most_name) more += record("linkpath", link);
  std::string out;
  if (!more.empty()) out = header("pax", 'x', more.size(), state, {}) + padded(more);
  return out + header(name, type, bytes, state, link);
}

}  // namespace

Result<TreeTar> TreeTar::open(const std::filesystem::path& root) {
  TRY_ASSIGN(auto dir, os::open_directory(root));
  TreeTar out;
  TRY(out.enter(std::move(dir), ""));
  return out;
}

void TreeTar::skip(const std::string& path, const char* why) {
  if (skipped_.size() < most_skipped) skipped_.push_back(path + ": " + why);
}

Result<> TreeTar::enter(UniqueFd dir, std::string prefix) {
  TRY_ASSIGN(auto reading, os::duplicate(dir.get()));
  const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(reading.get()));
  if (!stream) return fail_errno(errno, "fdopendir", prefix);
  (void)reading.release();  // the stream's now
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* found = readdir(stream.get())) {
    const std::string_view name(found->d_name);
    if (name == "." || name == "..") continue;
    if (++entries_ > most_entries) return fail(Code::TooLarge, fmt::format("The workspace has more than {} files.", most_entries));
    names.emplace_back(name);
  }
  if (errno != 0) return fail_errno(errno, "readdir", prefix);
  std::ranges::sort(names, std::greater());
  levels_.push_back({.dir = std::move(dir), .prefix = std::move(prefix), .names = std::move(names)});
  return {};
}

Result<std::string> TreeTar::file_entry(const Level& level, const std::string& name) {
  UniqueFd file(openat(level.dir.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat state {};
  if (!file || fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) {
    skip(level.prefix + name, "cannot be read");
    return std::string();
  }
  file_ = std::move(file);
  left_ = static_cast<std::uint64_t>(state.st_size);
  padding_ = (block - left_ % block) % block;
  return entry_header(level.prefix + name, '0', left_, state);
}

// "" when it is in skipped_ alone.
Result<std::string> TreeTar::entry(const std::string& name) {
  const Level& level = levels_.back();
  const std::string path = level.prefix + name;
  struct stat state {};
  if (fstatat(level.dir.get(), name.c_str(), &state, AT_SYMLINK_NOFOLLOW) != 0) {
    skip(path, "cannot be read");
    return std::string();
  }
  if (S_ISREG(state.st_mode)) return file_entry(level, name);
  if (S_ISLNK(state.st_mode)) {
    std::array<char, most_link> target{};
    const ssize_t size = readlinkat(level.dir.get(), name.c_str(), target.data(), target.size());
    if (size > 0) return entry_header(path, '2', 0, state, {target.data(), static_cast<std::size_t>(size)});
    skip(path, "cannot be read");
    return std::string();
  }
  if (!S_ISDIR(state.st_mode)) {
    skip(path, "no file");
    return std::string();
  }
  UniqueFd dir(openat(level.dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir || levels_.size() >= most_depth) {
    skip(path, dir ? "too deep" : "cannot be read");
    return std::string();
  }
  TRY(enter(std::move(dir), path + "/"));
  return entry_header(path + "/", '5', 0, state);
}

Result<std::string> TreeTar::piece_of_file() {
  std::string out(static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_bytes)), '\0');
  TRY_ASSIGN(const auto got, os::read_some(file_.get(), out));
  if (got.value_or(0) == 0) std::ranges::fill(out, '\0');  // it is shorter by now
  else out.resize(*got);
  left_ -= out.size();
  if (left_ > 0) return out;
  file_.reset();
  out.append(static_cast<std::size_t>(padding_), '\0');
  return out;
}

Result<std::optional<std::string>> TreeTar::next() {
  if (file_ && left_ > 0) {
    TRY_ASSIGN(auto piece, piece_of_file());
    return std::optional(std::move(piece));
  }
  file_.reset();
  while (!levels_.empty()) {
    if (levels_.back().names.empty()) {
      levels_.pop_back();
      continue;
    }
    const std::string name = std::move(levels_.back().names.back());
    levels_.back().names.pop_back();
    TRY_ASSIGN(auto out, entry(name));
    if (!out.empty()) return std::optional(std::move(out));
  }
  if (std::exchange(ended_, true)) return std::nullopt;
  return std::string(2 * block, '\0');
}

}  // namespace berth::snapshots
