#pragma once
// What runs between fork and exec, and nothing else does: async-signal-safe calls on a plan that was complete before.
// The child shares the parent's memory (vfork) and writes to nothing but its own stack. Private to os.

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <span>

namespace berth::os {

struct FdMove { int ours; int child; };

struct ChildPlan {
  const char* executable;
  char* const* argv;
  char* const* env;
  const char* cwd;               // null: stay
  std::span<const FdMove> fds;   // every `ours` is above every `child`: no dup2 hits a source
  bool new_session;
  bool controlling_terminal;
  int parent_death_signal;       // 0: none
  pid_t parent;
  int umask;                     // -1: stays
  bool set_user;
  uid_t uid;
  gid_t gid;
  bool set_open_files;
  std::uint64_t open_files_soft, open_files_hard;
  std::span<const int> reset_signals;
  int report;                    // CLOEXEC pipe, gets a ChildFailure
  const sigset_t* signals;       // mask for the program
};

enum class ChildStep : std::int32_t { Session, Terminal, DeathSignal, Descriptors, Limit, User, Directory, Exec };
struct ChildFailure { ChildStep step; std::int32_t sys_errno; };

[[noreturn]] void run_child(const ChildPlan& plan);
[[nodiscard]] const char* call_name(ChildStep step);

}  // namespace berth::os
