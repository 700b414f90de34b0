#pragma once
// Leaving whoever started us: a program that must live on when its parent, its terminal and its session are gone.
//
// Call it first, with one thread. In the daemon: a session of its own without a controlling terminal, working directory
// "/", umask 022, descriptors 0 and 1 are /dev/null and 2 appends to `errors` (0600). Other descriptors are kept. The
// caller is still the program that was started and should return from main().

#include <filesystem>

#include "base/result.hpp"

namespace berth::os {

enum class Side { Caller, Daemon };
Result<Side> become_daemon(const std::filesystem::path& errors);

}  // namespace berth::os
