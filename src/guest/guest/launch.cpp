#include "guest/launch.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "guest/shell.hpp"
#include "os/file.hpp"
#include "wire/init.pb.h"

namespace berth::guest {
namespace {

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Result<std::vector<std::string>> environment(const wire::StartProcess& request, const User& user) {
  std::vector<std::string> env;
  for (const wire::EnvVar& variable : request.env()) {
    if (variable.name().empty() || variable.name().find('=') != std::string::npos || has_nul(variable.name()) ||
        has_nul(variable.value()))
      return fail_errno(EINVAL, "env", variable.name());
    const std::string prefix = variable.name() + "=";
    std::erase_if(env, [&](const std::string& entry) { return entry.starts_with(prefix); });  // the last one counts
    env.push_back(prefix + variable.value());
  }
  auto add = [&](const std::string& name, std::string_view value) {
    const auto same = [&](const std::string& entry) { return entry.starts_with(name + "="); };
    if (std::ranges::none_of(env, same)) env.push_back(name + "=" + std::string(value));
  };
  add("HOME", user.home);
  add("USER", user.name);
  add("LOGNAME", user.name);
  add("SHELL", user.shell);
  add("PATH", default_path);
  add("LANG", "C.UTF-8");
  if (request.pty()) add("TERM", "xterm-256color");
  return env;
}

std::string directory(const std::string& wanted, const User& user) {
  if (!wanted.empty()) return wanted;
  const auto home = os::stat_path(user.home);
  return home && S_ISDIR(home->st_mode) ? user.home : "/";
}

}  // namespace

Result<Launch> plan_launch(const wire::StartProcess& request, const User& user) {
  Launch launch;
  for (const std::string& argument : request.argv()) {
    if (has_nul(argument)) return fail_errno(EINVAL, "argv", argument);
    launch.spec.argv.push_back(argument);
  }
  if (launch.spec.argv.empty()) launch.spec.argv.push_back(user.shell);
  if (has_nul(request.cwd())) return fail_errno(EINVAL, "cwd", request.cwd());
  TRY_ASSIGN(launch.spec.env, environment(request, user));
  launch.spec.cwd = directory(request.cwd(), user);
  launch.spec.new_session = true;
  launch.spec.umask = 022;
  if (request.pty() && request.shell().enabled()) {
    if (!is_nonce(request.shell().nonce())) return fail_errno(EINVAL, "nonce");
    if (auto shell = integrate_shell(launch.spec.argv, request.shell().nonce(), launch.spec.env)) {
      launch.spec.argv = std::move(shell->argv);
      launch.script = std::move(shell->script);
      launch.files = std::move(shell->files);
      for (const auto& [name, value] : shell->variables) {
        std::erase_if(launch.spec.env, [&](const std::string& entry) { return entry.starts_with(name + "="); });
        launch.spec.env.push_back(name + "=" + value);
      }
    }
  }
  return launch;
}

}  // namespace berth::guest
