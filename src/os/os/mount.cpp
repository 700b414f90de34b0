#include "os/mount.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "os/file.hpp"

namespace berth::os {
namespace {

// \040 and the like, as the kernel writes blanks, tabs, newlines and backslashes in mountinfo.
std::string unescape_octal(std::string_view text) {
  std::string out;
  auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '7'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::optional<MountEntry> parse_line(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() < 10) return std::nullopt;
  const auto dash = std::find(words.begin() + 6, words.end(), "-");
  if (words.end() - dash < 4) return std::nullopt;
  MountEntry entry;
  const auto number = [](std::string_view text, int& out) {
    return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
  };
  if (!number(words[0], entry.id) || !number(words[1], entry.parent)) return std::nullopt;
  entry.root = unescape_octal(words[3]);
  entry.target = unescape_octal(words[4]);
  entry.options = words[5];
  entry.type = dash[1];
  entry.source = unescape_octal(dash[2]);
  entry.super_options = dash[3];
  return entry;
}

// overlayfs options: a backslash before what would end the value.
std::string escape_option(const std::filesystem::path& path, bool colons) {
  std::string out;
  for (char c : path.string()) {
    if (c == '\\' || c == ',' || (colons && c == ':')) out += '\\';
    out += c;
  }
  return out;
}

Result<> mount_call(const char* source, const Path& target, const char* type, unsigned long flags, const char* data) {
  if (::mount(source, target.c_str(), type, flags, data) != 0)
    return fail_errno(errno, type != nullptr ? std::string("mount ") + type : "mount", target);
  return {};
}

bool is_below(const std::string& path, const std::string& base) {
  return path == base || base == "/" || (path.starts_with(base) && path[base.size()] == '/');
}

}  // namespace

Result<> unshare_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno(errno, "unshare CLONE_NEWNS");
  return mount_call(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr);
}

Result<> mount_overlay(const Overlay& overlay, const Path& target, unsigned long flags) {
  std::string options = "lowerdir=" + escape_option(overlay.lower, true) + ",upperdir=" +
                        escape_option(overlay.upper, false) + ",workdir=" + escape_option(overlay.work, false);
  if (overlay.user_xattr) options += ",userxattr";
  return mount_call("overlay", target, "overlay", flags, options.c_str());
}

Result<> mount_bind(const Path& from, const Path& target, unsigned long flags) {
  TRY(mount_call(from.c_str(), target, nullptr, MS_BIND, nullptr));
  if (flags == 0) return {};
  return mount_call(nullptr, target, nullptr, MS_BIND | MS_REMOUNT | flags, nullptr);
}

Result<> mount_tmpfs(const Path& target, const std::string& options, unsigned long flags) {
  return mount_call("tmpfs", target, "tmpfs", flags, options.c_str());
}

Result<> unmount(const Path& target) {
  if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) return {};
  return fail_errno(errno, "umount2", target);
}

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> out;
  for (std::string_view line : split(text, '\n'))
    if (auto entry = parse_line(line)) out.push_back(*std::move(entry));
  return out;
}

Result<std::vector<MountEntry>> mounts(pid_t pid) {
  const std::string who = pid == 0 ? "self" : std::to_string(pid);
  TRY_ASSIGN(auto text, read_file("/proc/" + who + "/mountinfo", 64 << 20));
  return parse_mountinfo(text);
}

Result<std::vector<MountEntry>> mounts_below(const Path& path) {
  TRY_ASSIGN(auto all, mounts());
  const std::string base = path.has_filename() ? path.string() : path.parent_path().string();
  std::erase_if(all, [&](const MountEntry& entry) { return !is_below(entry.target, base); });
  return all;
}

Result<> unmount_below(const Path& path) {
  TRY_ASSIGN(auto found, mounts_below(path));
  std::ranges::sort(found, std::greater{}, [](const MountEntry& entry) { return entry.target.size(); });
  for (const MountEntry& entry : found) TRY(unmount(entry.target));
  return {};
}

}  // namespace berth::os
