#include "os/after_fork.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace berth::os {
namespace {

[[noreturn]] void give_up(const ChildPlan& plan, ChildStep step) {
  const ChildFailure failure{step, errno};
  (void)!::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

// Raw: glibc's own would signal every thread of the parent, whose memory this is.
bool become_user(uid_t uid, gid_t gid) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
}

// Before they are unblocked: a handler of the parent would run here, on the parent's memory.
void default_signals(std::span<const int> signals) {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal : signals) ::sigaction(signal, &action, nullptr);
}

}  // namespace

void run_child(const ChildPlan& plan) {
  default_signals(plan.reset_signals);
  if (plan.new_session && ::setsid() < 0) give_up(plan, ChildStep::Session);
  // Ours are CLOEXEC; what we inherited from whoever started us may not be. dup2 clears the mark on what is meant.
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  for (const FdMove& move : plan.fds)
    if (::dup2(move.ours, move.child) < 0) give_up(plan, ChildStep::Descriptors);
  if (plan.controlling_terminal && ::ioctl(0, TIOCSCTTY, 0) != 0) give_up(plan, ChildStep::Terminal);
  if (plan.set_open_files) {
    const rlimit limit{plan.open_files_soft, plan.open_files_hard};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up(plan, ChildStep::Limit);
  }
  if (plan.umask >= 0) ::umask(static_cast<mode_t>(plan.umask));
  if (plan.set_user && !become_user(plan.uid, plan.gid)) give_up(plan, ChildStep::User);
  if (plan.parent_death_signal != 0) {  // after the change of user, which clears it
    if (::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal) != 0) give_up(plan, ChildStep::DeathSignal);
    if (::getppid() != plan.parent) {
      errno = ECHILD;
      give_up(plan, ChildStep::DeathSignal);
    }
  }
  if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) give_up(plan, ChildStep::Directory);
  ::sigprocmask(SIG_SETMASK, plan.signals, nullptr);
  ::execve(plan.executable, plan.argv, plan.env);
  give_up(plan, ChildStep::Exec);
}

const char* call_name(ChildStep step) {
  switch (step) {
    case ChildStep::Session: return "setsid";
    case ChildStep::Terminal: return "ioctl TIOCSCTTY";
    case ChildStep::DeathSignal: return "prctl PR_SET_PDEATHSIG";
    case ChildStep::Descriptors: return "dup2";
    case ChildStep::Limit: return "setrlimit";
    case ChildStep::User: return "setresuid";
    case ChildStep::Directory: return "chdir";
    case ChildStep::Exec: return "exec";
  }
  return "spawn";
}

}  // namespace berth::os
