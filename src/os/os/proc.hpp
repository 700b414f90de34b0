#pragma once
// What /proc tells. Parsing is pure and separate, since a process may name itself "a) R 1".

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace berth::os {

struct ProcStat {
  pid_t pid = 0;
  std::string name;
  char state = '?';
  pid_t parent = 0, group = 0, session = 0;
  std::uint64_t start_time = 0;  // clock ticks after boot
};

Result<std::string> boot_id();
Result<ProcStat> parse_stat(std::string_view text);
Result<ProcStat> read_stat(pid_t pid);
Result<std::vector<pid_t>> list_processes();
Result<std::vector<std::string>> read_command_line(pid_t pid);
Result<bool> has_open(pid_t pid, const struct stat& file);  // one of its descriptors is of that inode
Result<std::uint64_t> proportional_memory(pid_t pid);  // PSS in bytes, /proc/<pid>/smaps_rollup
[[nodiscard]] std::string own_executable();            // /proc/self/exe; "" when unreadable
Result<> forbid_dumps();                               // PR_SET_DUMPABLE 0: no core, no ptrace, no /proc/self reads by peers
Result<> become_subreaper();
Result<> set_parent_death_signal(int signal);

}  // namespace berth::os
