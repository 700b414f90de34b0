#include "sandbox_oci/survivors.hpp"

#include <signal.h>

#include <algorithm>
#include <iterator>

#include "os/file.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"

namespace berth::sandbox_oci {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

bool names_state(pid_t pid, const std::string& state) {
  const auto words = os::read_command_line(pid);
  if (!words) return false;
  const auto flag = std::ranges::find(*words, "--root");
  if (flag != words->end() && std::next(flag) != words->end() && *std::next(flag) == state) return true;
  return std::ranges::find(*words, "--root=" + state) != words->end();  // as runsc tells its own helpers
}

// Both: an editor or a `tail` may name the directory, too, and a shim that starts a sandbox has the lock, too.
bool is_runtime_of(pid_t pid, const Layout& layout, const struct stat& lock) {
  return names_state(pid, layout.state.string()) && os::has_open(pid, lock).value_or(false);
}

// A frozen one ends when its cgroup is thawed, not before.
Result<> kill_runtime(const Layout& layout) {
  const auto lock = os::stat_no_follow(layout.lock);
  if (!lock) return {};  // nothing was started
  TRY_ASSIGN(const auto pids, os::list_processes());
  for (const pid_t pid : pids) {
    if (!is_runtime_of(pid, layout, *lock)) continue;
    const auto held = os::open_pidfd(pid);
    if (!held || !is_runtime_of(pid, layout, *lock)) continue;  // it ended; the number may be somebody else's by now
    TRY(os::signal_pidfd(held->get(), SIGKILL));
  }
  return {};
}

Result<bool> is_free(const std::filesystem::path& lock) {
  if (!os::stat_no_follow(lock)) return true;  // nothing was started
  TRY_ASSIGN(const auto held, os::try_lock_file(lock));
  return held.has_value();
}

}  // namespace

Result<> end_survivors(const Layout& layout, const os::Cgroups& cgroups, const std::string& cgroup,
                       milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    TRY(kill_runtime(layout));
    TRY(cgroups.kill(cgroup, std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now()))));
    TRY_ASSIGN(const bool free, is_free(layout.lock));
    if (free) break;
    if (Clock::now() >= deadline) return fail(Code::Timeout, "A process of the sandbox's runtime did not end.");
  }
  return cgroups.kill(cgroup);  // what the last of them may have put there
}

}  // namespace berth::sandbox_oci
