#include "guest/shell.hpp"

#include <algorithm>

namespace berth::guest {
namespace {

constexpr const char* script_path = "/proc/self/fd/3";

std::optional<std::string> variable(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& entry : env)
    if (entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=') return entry.substr(name.size() + 1);
  return std::nullopt;
}

}  // namespace

bool is_nonce(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, plain);
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') out += "'\\''";
    else out += c;
  }
  return out + "'";
}

std::string with_directory(std::string text, std::string_view directory) {
  for (std::size_t at = 0; (at = text.find(directory_mark, at)) != std::string::npos; at += directory.size())
    text.replace(at, directory_mark.size(), directory);
  return text;
}

std::optional<ShellPlan> integrate_shell(const std::vector<std::string>& argv, std::string_view nonce,
                                         const std::vector<std::string>& env) {
  const auto call = wire::shell_call(argv);
  if (!call) return std::nullopt;
  ShellPlan plan{.argv = argv};
  const std::string directory(directory_mark);
  switch (call->shell) {
    case wire::Shell::Bash:
      plan.argv = {argv[0], "--init-file", script_path, "-i"};
      plan.script = bash_script(nonce, call->login);
      break;
    case wire::Shell::Zsh:
      plan.files = {{".zshenv", std::string(". ") + script_path + "\n"}};
      plan.variables = {{"ZDOTDIR", directory}};
      plan.script = zsh_script(nonce, variable(env, "ZDOTDIR"));
      break;
    case wire::Shell::Fish: {
      const auto data_dirs = variable(env, "XDG_DATA_DIRS");
      plan.files = {{"berth.fish", fish_script(nonce, data_dirs)}};
      for (ShellFile& file : plan.files) file.path = "fish/vendor_conf.d/" + file.path;
      plan.variables = {{"XDG_DATA_DIRS", directory + ":" + data_dirs.value_or("/usr/local/share:/usr/share")}};
      break;
    }
    case wire::Shell::Posix:  // a login shell's .profile may set ENV: the script reads the profiles instead
      std::erase_if(plan.argv, [](const std::string& a) { return a == "-l" || a == "--login" || a == "-il" || a == "-li"; });
      plan.argv.push_back("-i");
      plan.variables = {{"ENV", script_path}};
      plan.script = posix_script(nonce, call->login, variable(env, "ENV"));
      break;
  }
  return plan;
}

}  // namespace berth::guest
