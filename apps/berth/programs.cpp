#include "programs.hpp"

#include <fmt/format.h>

#include "os/file.hpp"
#include "os/proc.hpp"

namespace berth {

Result<std::filesystem::path> find_program(const std::string& name) {
  const auto directory = std::filesystem::path(os::own_executable()).parent_path();
  for (const auto& place : {directory, directory.parent_path() / "lib" / "berth"}) {
    const auto found = os::stat_path(place / name);
    if (found && S_ISREG(found->st_mode)) return place / name;
  }
  return fail(Code::NotFound, fmt::format("The program {} is missing.", name), "Install Berth again, or build all of it.");
}

}  // namespace berth
