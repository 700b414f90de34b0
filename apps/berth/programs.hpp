#pragma once
// The programs that the server starts: beside its own executable (a build directory), or in ../lib/berth (installed).

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace berth {

[[nodiscard]] Result<std::filesystem::path> find_program(const std::string& name);  // "berth-shim", "berth-init"

}  // namespace berth
