#pragma once
// The files by which server and shim know of each other, in a sandbox's directory (docs/architecture.md). Blocking, small;
// any thread. A file that is absent or does not parse is an empty optional: what a shim that was killed left is not an
// error, it is nothing to go by.

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "os/process.hpp"
#include "wire/shim.pb.h"

namespace berth::sandboxes {

struct ShimRecord {             // shim.json
  os::ProcessIdentity process;
  std::string cgroup;
};
struct ExitRecord {             // exit.json
  std::string code, reason;
  std::optional<WallTime> time;
};

[[nodiscard]] std::optional<ShimRecord> read_shim_record(const std::filesystem::path& dir);
[[nodiscard]] std::optional<ExitRecord> read_exit_record(const std::filesystem::path& dir);
[[nodiscard]] std::optional<wire::ShimSpec> read_spec(const std::filesystem::path& dir);

struct Launched {
  os::Process process;          // the shim, or what daemonised it
  UniqueFd link;                // our end of its first connection
};
// Makes the directory (0700), writes spec.pb (0600) and starts the shim. Not synced: a sandbox does not survive what
// takes the page cache with it.
Result<Launched> launch_shim(const std::filesystem::path& shim, const wire::ShimSpec& spec);

// Waits for the shim of `dir` to end by itself, a few seconds, then kills it; reaps the child of ours that it was.
void end_shim(const std::filesystem::path& dir, os::Process& child);

}  // namespace berth::sandboxes
