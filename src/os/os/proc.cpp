#include "os/proc.hpp"

#include <dirent.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "os/file.hpp"
#include "os/process.hpp"

namespace berth::os {
namespace {

constexpr std::size_t proc_file_limit = 4 << 20;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view take_word(std::string_view& text) {
  const std::size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  return word;
}

std::string proc_path(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

Result<> prctl_1(int option, unsigned long value, const char* name) {
  if (::prctl(option, value, 0, 0, 0) != 0) return fail_errno(errno, name);
  return {};
}

}  // namespace

Result<std::string> boot_id() {
  TRY_ASSIGN(auto text, read_file("/proc/sys/kernel/random/boot_id", 256));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// proc_pid_stat(5). The name stands in parentheses and may hold any byte: it ends at the last ')'.
Result<ProcStat> parse_stat(std::string_view text) {
  const auto damaged = [] { return fail(Code::Damaged, "A /proc stat file could not be read."); };
  const std::size_t open = text.find(" ("), close = text.rfind(") ");
  ProcStat out;
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return damaged();
  if (!parse_number(text.substr(0, open), out.pid)) return damaged();
  out.name = text.substr(open + 2, close - open - 2);
  std::string_view rest = text.substr(close + 2);
  std::array<std::string_view, 20> fields;  // 3 (state) to 22 (starttime)
  for (std::string_view& field : fields) field = take_word(rest);
  if (fields[0].size() != 1 || !parse_number(fields[1], out.parent) || !parse_number(fields[2], out.group) ||
      !parse_number(fields[3], out.session) || !parse_number(fields[19], out.start_time))
    return damaged();
  out.state = fields[0][0];
  return out;
}

Result<ProcStat> read_stat(pid_t pid) {
  TRY_ASSIGN(auto text, read_file(proc_path(pid, "stat"), 4096));
  return parse_stat(text);
}

Result<std::vector<pid_t>> list_processes() {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc"), ::closedir);
  if (!dir) return fail_errno(errno, "opendir", "/proc");
  std::vector<pid_t> out;
  while (const dirent* entry = ::readdir(dir.get()))
    if (pid_t pid = 0; parse_number(std::string_view(entry->d_name), pid)) out.push_back(pid);
  return out;
}

Result<std::vector<std::string>> read_command_line(pid_t pid) {
  TRY_ASSIGN(auto text, read_file(proc_path(pid, "cmdline"), proc_file_limit));
  std::vector<std::string> out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\0');
    out.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return out;
}

Result<bool> has_open(pid_t pid, const struct stat& file) {
  const std::string path = proc_path(pid, "fd");
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return fail_errno(errno, "opendir", path);
  while (const dirent* entry = ::readdir(dir.get())) {
    const auto open = stat_path(path + "/" + entry->d_name);  // of what the descriptor is of, whatever its name is now
    if (open && open->st_dev == file.st_dev && open->st_ino == file.st_ino) return true;
  }
  return false;
}

Result<std::uint64_t> proportional_memory(pid_t pid) {
  TRY_ASSIGN(auto text, read_file(proc_path(pid, "smaps_rollup"), 65536));
  const std::size_t at = text.find("\nPss:");
  if (at == std::string::npos) return fail(Code::Damaged, "A /proc smaps_rollup file could not be read.");
  const std::size_t begin = text.find_first_not_of(' ', at + 5);
  std::uint64_t kib = 0;
  if (begin == std::string::npos || std::from_chars(text.data() + begin, text.data() + text.size(), kib).ec != std::errc{})
    return fail(Code::Damaged, "A /proc smaps_rollup file could not be read.");
  return kib * 1024;
}

std::string own_executable() {
  std::array<char, 4096> path;
  const ssize_t n = ::readlink("/proc/self/exe", path.data(), path.size());
  return n > 0 && static_cast<std::size_t>(n) < path.size() ? std::string(path.data(), static_cast<std::size_t>(n)) : "";
}

Result<> forbid_dumps() { return prctl_1(PR_SET_DUMPABLE, 0, "prctl PR_SET_DUMPABLE"); }
Result<> become_subreaper() { return prctl_1(PR_SET_CHILD_SUBREAPER, 1, "prctl PR_SET_CHILD_SUBREAPER"); }
Result<> set_parent_death_signal(int signal) {
  return prctl_1(PR_SET_PDEATHSIG, static_cast<unsigned long>(signal), "prctl PR_SET_PDEATHSIG");
}

// ---- ProcessIdentity (process.hpp) ----

Result<ProcessIdentity> ProcessIdentity::of(pid_t pid) {
  TRY_ASSIGN(auto stat, read_stat(pid));
  TRY_ASSIGN(auto boot, os::boot_id());
  return ProcessIdentity{.boot_id = std::move(boot), .pid = pid, .start_time = stat.start_time};
}

Result<ProcessIdentity> ProcessIdentity::self() { return of(::getpid()); }

bool ProcessIdentity::verify() const {
  if (pid <= 0) return false;
  const auto boot = os::boot_id();
  if (!boot || *boot != boot_id) return false;
  const auto stat = read_stat(pid);
  return stat && stat->start_time == start_time && stat->state != 'Z' && stat->state != 'X';
}

// First the pidfd, then the check: what is checked then is what is held.
Result<UniqueFd> ProcessIdentity::open() const {
  TRY_ASSIGN(auto fd, open_pidfd(pid));
  if (!verify()) return fail_errno(ESRCH, "verify", std::to_string(pid));
  return fd;
}

}  // namespace berth::os
