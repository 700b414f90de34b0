#include "guest/shell.hpp"

#include <algorithm>

namespace berth::guest {

bool is_nonce(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, plain);
}

std::optional<ShellPlan> integrate_shell(const std::vector<std::string>& argv, std::string_view nonce) {
  if (argv.empty()) return std::nullopt;
  const std::string_view name = std::string_view(argv[0]).substr(argv[0].rfind('/') + 1);
  if (name != "bash") return std::nullopt;
  bool login = false;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "-l" || argv[i] == "--login")
      login = true;
    else if (argv[i] != "-i")
      return std::nullopt;
  }
  return ShellPlan{.argv = {argv[0], "--init-file", "/proc/self/fd/3", "-i"}, .script = bash_script(nonce, login)};
}

}  // namespace berth::guest
