#pragma once
// Ends a sandbox whose runtime is no longer waited for: its start was cut short, or the shim that did it is dead.
//
// The cgroup does not hold all of the runtime's processes: crun's detached run goes on in a grandchild of a session of
// its own, and would finish the start after everything was removed. They hold Layout::lock from birth to end (flock is
// inherited) and their command lines give the sandbox's state directory as `--root`; what has only one of the two is
// somebody else's and left alone. Since a list of processes misses one that forks just then, only a free lock says that
// none is left.

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "os/cgroup.hpp"
#include "sandbox_oci/layout.hpp"

namespace berth::sandbox_oci {

// Returns when no process of the runtime and of the cgroup is left; Code::Timeout when one does not end. Reads all of
// /proc at least once: some milliseconds.
Result<> end_survivors(const Layout& layout, const os::Cgroups& cgroups, const std::string& cgroup,
                       std::chrono::milliseconds timeout);

}  // namespace berth::sandbox_oci
