#pragma once
// What only the composition root knows about OCI runtimes, handed in as functions. Both block: called on a pool.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace berth::sandboxes {

struct Runtime {
  std::string isolation;             // "gvisor", "container"
  std::string kind;                  // "runc", "crun", "runsc"
  std::filesystem::path path;
  std::vector<std::string> flags;    // that it needs on this machine
};

struct Leaves {
  // "auto", "gvisor", "container" → what to start it with.
  std::function<Result<Runtime>(const std::string& isolation)> choose_runtime;
  // The shim is dead: kills the cgroup, removes the runtime's state, bundle and mounts. Idempotent.
  std::function<Result<>(const std::filesystem::path& dir, const std::string& cgroup)> remove_traces;
};

}  // namespace berth::sandboxes
