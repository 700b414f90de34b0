#include "os/children.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>

namespace berth::os {

void signal_any(pid_t target, int signal) { (void)::kill(target, signal); }

std::optional<std::pair<pid_t, Exit>> reap_any() {
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, WNOHANG);
  if (pid <= 0) return std::nullopt;
  return std::pair{pid, exit_from_wait_status(status)};
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

}  // namespace berth::os
