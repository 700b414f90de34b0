#pragma once
// Sandboxes by an OCI runtime: runc and crun share the host's kernel behind namespaces and seccomp, runsc (gVisor) is a
// kernel of its own. One Driver is one sandbox and lives in its shim, on the shim's one thread; calls block.
//
// The caller has a private mount namespace before open() (os/mount.hpp): the overlay is mounted there and nowhere else.
// runc and crun get one socketpair as init's stdin and stdout (Channel::PtyHandover), runsc two pipes (InBand); init's
// stderr goes to <dir>/init.log, the runtime's own log to <dir>/runtime.log, its state lies in <dir>/run.
//
// start() returns when init has written its first byte and the runtime, which ends at the same moment, was collected: no
// runtime process stays beside the sandbox. Its pid is that of the sandbox's first process: for runsc the gVisor kernel. A
// failed start leaves nothing behind and says what the runtime said.
//
// Example (const sandbox::Spec& spec):
//   TRY_ASSIGN(auto driver, sandbox_oci::Driver::open(spec));
//   TRY_ASSIGN(auto started, driver->start());
//   if (started.pid > 0) TRY(driver->pause());
//   TRY(driver->destroy());

#include <chrono>
#include <memory>

#include "base/result.hpp"
#include "sandbox/driver.hpp"

namespace berth::sandbox_oci {

struct DriverOptions {
  std::chrono::milliseconds start_timeout{30'000};  // from start() to init's first byte
  std::chrono::milliseconds stop_timeout{10'000};   // from the kill to an empty cgroup
};

class Driver {
 public:
  // Makes the bundle, the overlay and upper/, work/, root/, workspace/ below spec.dir. FailedPrecondition when the
  // template, the runtime or berth-init is not there.
  static Result<std::unique_ptr<sandbox::Driver>> open(sandbox::Spec spec, DriverOptions options = {});
};

// For a stranger: the shim is dead, what its sandbox left is not. Kills and removes the cgroup (and the one above it with
// the last sandbox, as destroy() does), then the runtime's
// state, the bundle and mounts below `dir` that are still seen here; workspace/, upper/ and logs stay. Idempotent;
// `dir` and `cgroup` need not exist.
Result<> remove_traces(const std::filesystem::path& dir, const std::string& cgroup,
                       std::chrono::milliseconds stop_timeout = std::chrono::milliseconds{10'000});

}  // namespace berth::sandbox_oci
