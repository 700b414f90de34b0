#pragma once
// Starts the OCI runtime and waits for init's first byte. Plan as data, then execute.
//
// A detached run is used for all three: the runtime ends as soon as init runs, measured within 0.1 ms of init's first
// byte, and nothing of it stays. The foreground forms would stay beside the sandbox for its life (runc also copies the
// bytes itself then), and create + start costs a second start of the runtime (4 ms runc, 20 ms runsc).

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sandbox/driver.hpp"

namespace berth::sandbox_oci {

enum class RunMode { Detached, Foreground };  // Foreground: for the probe
[[nodiscard]] std::vector<std::string> run_command(const sandbox::Spec& spec, RunMode mode = RunMode::Detached);

// The end of a log, for an error's subject; "" when there is none.
[[nodiscard]] std::string log_tail(const std::filesystem::path& path);

// A failure carries what runtime and init wrote last as its subject. It leaves whatever the runtime left.
Result<sandbox::Started> launch(const sandbox::Spec& spec, std::chrono::milliseconds timeout);

}  // namespace berth::sandbox_oci
