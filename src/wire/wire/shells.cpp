#include "wire/shells.hpp"

#include <string_view>

namespace berth::wire {
namespace {

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<Shell> shell_named(std::string_view name) {
  if (name == "bash") return Shell::Bash;
  if (name == "zsh") return Shell::Zsh;
  if (name == "fish") return Shell::Fish;
  if (name == "sh" || name == "dash" || name == "ash") return Shell::Posix;
  return std::nullopt;
}

}  // namespace

std::optional<ShellCall> shell_call(const std::vector<std::string>& argv) {
  if (argv.empty()) return std::nullopt;
  std::size_t next = 1;
  std::string_view name = base_name(argv[0]);
  if (name == "busybox" && argv.size() > 1) {
    name = argv[1];
    next = 2;
  }
  const auto shell = shell_named(name);
  if (!shell) return std::nullopt;
  ShellCall call{.shell = *shell};
  for (; next < argv.size(); ++next) {
    const std::string& argument = argv[next];
    if (argument == "-l" || argument == "--login" || argument == "-il" || argument == "-li") call.login = true;
    else if (argument != "-i") return std::nullopt;
  }
  return call;
}

}  // namespace berth::wire
