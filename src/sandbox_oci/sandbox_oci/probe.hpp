#pragma once
// Which OCI runtimes this machine has, and which of them really work: each is tried with a tiny sandbox, since a
// version says nothing (gVisor needs other flags under other kernels, and /dev/kvm may be there and hang). What was
// found is remembered in <home>/probe.json (0600) and holds while kernel, runtime file and this format stay the same.
//
// Blocks for up to `timeout` per attempt, some seconds at first; about 0.1 ms when remembered. Errors: none of the
// runtimes' failures is one; they are `reason`s. A file that cannot be written is.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace berth::sandbox_oci {

struct Runtime {
  std::string kind;            // "runc", "crun", "runsc"
  std::filesystem::path path;  // empty: not installed
  std::string version;
  std::vector<std::string> flags;  // that it needs here: Spec.runtime_flags
  bool works = false;
  std::string reason;  // why not, one sentence
};

struct Probe {
  std::vector<Runtime> runtimes;
};  // runc, crun, runsc in this order

struct ProbeOptions {
  std::filesystem::path home;  // holds probe.json and, while it runs, a scratch directory
  std::filesystem::path init;  // berth-init on the host; a runtime works when init answers under it
  std::vector<std::filesystem::path> search{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                            "/usr/bin",        "/sbin",          "/bin"};
  std::chrono::milliseconds timeout{10'000};  // per attempt
};

[[nodiscard]] Result<Probe> probe(const ProbeOptions& options);

// Ends what a probe left running that was killed with its process. For the start of a server; probe() does it too.
[[nodiscard]] Result<> end_interrupted_probe(const std::filesystem::path& home);

struct Choice {
  std::string isolation;
  Runtime runtime;
};  // isolation: "gvisor" or "container"

// "auto" is gVisor where it works, else a container. InvalidArgument for another word, Unsupported with a hint when no
// runtime for it works here.
[[nodiscard]] Result<Choice> choose(const std::string& isolation, const Probe& probe);

}  // namespace berth::sandbox_oci
