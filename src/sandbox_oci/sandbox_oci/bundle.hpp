#pragma once
// The OCI bundle as data: what a sandbox may see, do and use, from a Spec. Pure; a test prints it.
//
// Inside: user 1000 without any capability, no new privileges, our seccomp profile; the overlay as root, /workspace
// from the host, private tmpfs at /tmp, /run and /run/berth (init's own), a minimal /dev, masked and read-only paths of
// /proc and /sys, every namespace fresh, a network of loopback only, and limits on memory (swap included), CPU, tasks
// and open files. Init is /.berth/init, read-only. Format: OCI runtime-spec 1.0.2, config.md and config-linux.md.

#include <cstdint>

#include <boost/json/object.hpp>

#include "sandbox/driver.hpp"

namespace berth::sandbox_oci {

inline constexpr std::uint32_t user_id = 1000;  // of init and all that it starts, and its group
inline constexpr const char* init_path = "/.berth/init";
inline constexpr const char* workspace_path = "/workspace";

// gVisor holds the sandbox to `processes` itself. Its host tasks are many more (about nine a process with the ptrace
// platform, measured at 256) and it dies when it cannot have them: the cgroup's limit only bounds a gVisor that was
// taken over.
[[nodiscard]] constexpr std::uint64_t gvisor_tasks(std::uint32_t processes) { return 1024 + 16ull * processes; }

// `open_files_ceiling`: the host's hard limit; a runtime without CAP_SYS_RESOURCE cannot go above it.
[[nodiscard]] boost::json::object make_bundle(const sandbox::Spec& spec, std::uint64_t open_files_ceiling);

enum class Kernel { Host, Gvisor };  // that answers a sandbox's system calls

// The seccomp profile alone. On the host's kernel an allow-list: what is not in it is ENOSYS, so that programs fall
// back as on an older kernel; what a sandbox must never have is EPERM by name. In gVisor what is refused by name only.
[[nodiscard]] boost::json::object make_seccomp(Kernel kernel);

}  // namespace berth::sandbox_oci
