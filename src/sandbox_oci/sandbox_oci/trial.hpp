#pragma once
// One attempt: does this runtime, with these flags, run berth-init under the bundle that sandboxes get?

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sandbox_oci/probe.hpp"

namespace berth::sandbox_oci {

struct Trial {
  bool works = false;
  bool timed_out = false;
  std::string reason;  // why not
};

// Runs in a mount namespace of its own and leaves nothing in `scratch` but the directory.
Result<Trial> try_runtime(const Runtime& runtime, const std::filesystem::path& init,
                          const std::filesystem::path& scratch, std::chrono::milliseconds timeout);

// What an attempt left that was killed with its process, and the directory; nothing to do is fine.
Result<> remove_trial(const std::filesystem::path& scratch);

}  // namespace berth::sandbox_oci
