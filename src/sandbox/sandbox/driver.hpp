#pragma once
// A driver starts, pauses, measures and stops one kind of sandbox, and hands over one byte channel to berth-init.
// Processes, terminals and files are init's business and the same everywhere, so a driver stays thin.
//
// Used by the shim, on its one thread; calls may block for as long as the runtime takes. One Driver object is one
// sandbox. Everything a driver mounts lives in the shim's private mount namespace and vanishes with it; what else it makes
// (cgroups, runtime state) is found again from the Spec alone, so that a stranger can clean up (`remove_traces`).
//
// Example (sandbox::Driver& driver):
//   TRY_ASSIGN(auto started, driver.start());
//   TRY(driver.pause());
//   TRY(driver.resume());
//   TRY(driver.destroy());

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::sandbox {

enum class Channel {
  PtyHandover,  // the channel is one unix socket: init passes descriptors by SCM_RIGHTS
  InBand,       // two pipes: terminals stay inside, bytes come as frames
};

struct Limits {
  std::uint64_t memory_bytes = 512ull << 20;
  std::uint32_t cpu_millis = 0;     // 1000 is one core; 0 is no limit
  std::uint32_t processes = 256;
  std::uint32_t open_files = 4096;
};

struct Spec {
  std::string id;
  std::string hostname;
  std::filesystem::path dir;            // sandboxes/<id>; the driver makes bundle/, upper/, work/, root/, workspace/ here
  std::filesystem::path template_root;  // unpacked, shared, never written
  std::filesystem::path runtime;        // the OCI runtime's path
  std::string runtime_kind;             // "runc", "crun", "runsc"
  std::vector<std::string> runtime_flags;  // what the probe found that it needs here
  std::filesystem::path init;           // berth-init on the host, static
  std::string cgroup;                   // "/berth/<home>/<id>", below each hierarchy
  Limits limits;
  std::map<std::string, std::string> env;  // berth-init's own
};

struct Started {
  UniqueFd to_init;    // write end; with PtyHandover the same socket as from_init (dup)
  UniqueFd from_init;
  int pid = 0;         // of the sandbox's first process as the host sees it
};

struct Usage {
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit = 0;
  std::uint64_t cpu_ns = 0;
  std::uint32_t processes = 0;
  std::uint64_t oom_kills = 0;
};

class Driver {
 public:
  virtual ~Driver() = default;
  [[nodiscard]] virtual Channel channel() const = 0;
  virtual Result<Started> start() = 0;
  virtual Result<> pause() = 0;
  virtual Result<> resume() = 0;
  virtual Result<Usage> usage() = 0;
  // Kills every process (thawing a frozen cgroup after the kill), and removes runtime state, cgroups and mounts.
  // Idempotent; also after a start that failed half way.
  virtual Result<> destroy() = 0;
};

}  // namespace berth::sandbox
