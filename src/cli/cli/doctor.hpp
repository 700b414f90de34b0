#pragma once
// Looks at the machine and the home, and says for each thing whether it is right and, when not, what to do. Reads only,
// except that the runtimes' probe starts tiny sandboxes and remembers what it saw.

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "os/host.hpp"

namespace berth::cli {

struct Finding {
  enum class Level { Good, Warning, Problem };
  Level level = Level::Good;
  std::string subject, detail, advice;  // advice: "" when there is nothing to do
};

// The judgements are pure; what they judge is read by doctor().
[[nodiscard]] Finding judge_kernel(const os::Kernel& kernel);
[[nodiscard]] Finding judge_disk(const os::DiskSpace& space);
[[nodiscard]] std::vector<Finding> judge_runtimes(const std::vector<RuntimeReport>& runtimes,
                                                  const std::vector<std::string>& ages);

Result<int> doctor(const Context& context);

}  // namespace berth::cli
