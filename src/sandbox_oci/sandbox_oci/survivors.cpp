#include "sandbox_oci/survivors.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "os/poll.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"

namespace berth::sandbox_oci {
namespace {

bool is_runtime_of(pid_t pid, const std::string& state) {
  const auto words = os::read_command_line(pid);
  return words && std::any_of(words->begin(), words->end(),
                              [&](const std::string& word) { return word.find(state) != std::string::npos; });
}

}  // namespace

Result<> end_runtime_processes(const Layout& layout, std::chrono::milliseconds timeout) {
  const auto state = layout.state.string();
  TRY_ASSIGN(const auto pids, os::list_processes());
  for (const pid_t pid : pids) {
    if (!is_runtime_of(pid, state)) continue;
    const auto held = os::open_pidfd(pid);
    if (!held || !is_runtime_of(pid, state)) continue;  // it ended; the number may be somebody else's by now
    TRY(os::signal_pidfd(held->get(), SIGKILL));
    TRY_ASSIGN(const bool ended, os::wait_ready(held->get(), POLLIN, timeout));
    if (!ended) return fail(Code::Timeout, "A process of the sandbox's runtime did not end.");
  }
  return {};
}

}  // namespace berth::sandbox_oci
