#include "sandbox_oci/survivors.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <vector>

#include "os/poll.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"

namespace berth::sandbox_oci {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool is_runtime_of(pid_t pid, const std::string& state) {
  const auto words = os::read_command_line(pid);
  return words && std::any_of(words->begin(), words->end(),
                              [&](const std::string& word) { return word.find(state) != std::string::npos; });
}

// Pidfds of those that were signalled. A frozen one ends when its cgroup is thawed, not before.
Result<std::vector<UniqueFd>> kill_runtime(const std::string& state) {
  std::vector<UniqueFd> killed;
  TRY_ASSIGN(const auto pids, os::list_processes());
  for (const pid_t pid : pids) {
    if (!is_runtime_of(pid, state)) continue;
    auto held = os::open_pidfd(pid);
    if (!held || !is_runtime_of(pid, state)) continue;  // it ended; the number may be somebody else's by now
    TRY(os::signal_pidfd(held->get(), SIGKILL));
    killed.push_back(*std::move(held));
  }
  return killed;
}

}  // namespace

Result<> end_survivors(const Layout& layout, const os::Cgroups& cgroups, const std::string& cgroup,
                       milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  const auto left = [&] { return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now())); };
  for (;;) {  // again while there are some: one may have forked before it was killed
    TRY_ASSIGN(const auto killed, kill_runtime(layout.state.string()));
    TRY(cgroups.kill(cgroup, left()));
    if (killed.empty()) return {};
    for (const auto& process : killed) {
      TRY_ASSIGN(const bool ended, os::wait_ready(process.get(), POLLIN, left()));
      if (!ended) return fail(Code::Timeout, "A process of the sandbox's runtime did not end.");
    }
  }
}

}  // namespace berth::sandbox_oci
