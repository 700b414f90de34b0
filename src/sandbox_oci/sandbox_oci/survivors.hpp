#pragma once
// Processes of a runtime that is no longer waited for: its start was cut short, or the shim that did it is dead.
//
// The cgroup does not hold them all: crun's detached run goes on in a grandchild of a session of its own, and would finish
// the start after everything was removed. They are known by their command lines, which name the sandbox's state directory.

#include <chrono>

#include "base/result.hpp"
#include "sandbox_oci/layout.hpp"

namespace berth::sandbox_oci {

// Kills them and returns when they have ended; Code::Timeout when one has not. Reads all of /proc: some milliseconds.
Result<> end_runtime_processes(const Layout& layout, std::chrono::milliseconds timeout);

}  // namespace berth::sandbox_oci
