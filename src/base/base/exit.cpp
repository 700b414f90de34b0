#include "base/exit.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

namespace berth {

Exit exit_from_wait_status(int status) {
  if (WIFSIGNALED(status)) return Killed{WTERMSIG(status)};
  return Exited{WEXITSTATUS(status)};
}

int shell_code(const Exit& exit) {
  if (const auto* killed = std::get_if<Killed>(&exit)) return 128 + killed->signal;
  return std::get<Exited>(exit).code;
}

std::string to_string(const Exit& exit) {
  if (const auto* killed = std::get_if<Killed>(&exit)) return fmt::format("killed by signal {}", killed->signal);
  return fmt::format("exited {}", std::get<Exited>(exit).code);
}

}  // namespace berth
