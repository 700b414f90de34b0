#pragma once
// Runs a tool that takes long and tells of its progress line by line. In a mount and PID namespace of its own, so that
// a tool which is stopped half way leaves neither a mount in the directory that it filled nor a process.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "templates/templates.hpp"

namespace berth::templates {

// It is stopped (Code::Timeout) after `limit`, and without a line for `longest_silence`. Exit codes other than 0 are FailedPrecondition
// with the last lines as the subject. A tool that is not installed: FailedPrecondition, hint "Install it: apt install
// …".
inline constexpr std::chrono::minutes longest_silence{10};
Result<> run_tool(const std::vector<std::string>& argv, const Progress& progress, std::chrono::milliseconds limit);

}  // namespace berth::templates
