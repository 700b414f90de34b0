#pragma once
// From a StartProcess to what exec needs, as data: environment with its defaults, directory, shell integration. Pure but
// for a look whether the home directory is there.

#include <string>

#include "base/result.hpp"
#include "guest/shell.hpp"
#include "guest/user.hpp"
#include "os/process.hpp"

namespace berth::wire { class StartProcess; }

namespace berth::guest {

struct Launch {
  os::SpawnSpec spec;
  std::string script;            // shell integration, to be readable on the child's fd 3; "" is none
  std::vector<ShellFile> files;  // the same, in a directory whose path replaces directory_mark (guest/shell.hpp)
};

inline constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Errors: EINVAL for what exec could not take (NUL bytes, a name with '='), naming the field.
Result<Launch> plan_launch(const wire::StartProcess& request, const User& user);

}  // namespace berth::guest
