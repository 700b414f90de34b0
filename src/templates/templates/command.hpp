#pragma once
// Runs a tool that takes long and tells of its progress line by line. In a mount and PID namespace of its own, so that
// a tool which is stopped half way leaves neither a mount in the directory that it filled nor a process.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "templates/templates.hpp"

namespace berth::templates {

// `silence`: without a line for so long it is stopped (Code::Timeout). Exit codes other than 0 are FailedPrecondition
// with the last lines as the subject. A tool that is not installed: FailedPrecondition, hint "Install it: apt install
// …".
Result<> run_tool(const std::vector<std::string>& argv, const Progress& progress,
                  std::chrono::milliseconds silence = std::chrono::minutes{10});

}  // namespace berth::templates
