// Looking a program up as a shell does, before the fork, so that "not found" and "not executable" stay apart.

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/process.hpp"

extern char** environ;

namespace berth::os {
namespace {

// 0, or why `path` cannot be run. A directory is not a program.
int cannot_run(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) return errno;
  if (!S_ISREG(st.st_mode)) return EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

std::string beside(const std::string& cwd, const std::string& path) {
  return path.starts_with('/') || cwd.empty() ? path : cwd + "/" + path;
}

}  // namespace

Result<std::string> find_executable(const std::string& name, std::string_view path, const std::string& cwd) {
  if (name.find('/') != std::string::npos) {
    if (const int error = cannot_run(beside(cwd, name)); error != 0) return fail_errno(error, "exec", name);
    return name;
  }
  int worst = ENOENT;
  if (name.empty()) return fail_errno(ENOENT, "exec", name);
  for (bool more = true; more;) {
    const std::size_t colon = path.find(':');
    const std::string_view dir = path.substr(0, colon);
    more = colon != std::string_view::npos;
    if (more) path.remove_prefix(colon + 1);
    const std::string candidate = std::string(dir.empty() ? "." : dir) + "/" + name;
    const int error = cannot_run(beside(cwd, candidate));
    if (error == 0) return candidate;
    if (error == EACCES) worst = EACCES;
  }
  return fail_errno(worst, "exec", name);
}

std::string_view env_value(const std::vector<std::string>& env, std::string_view name) {
  for (const std::string& entry : env)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return std::string_view(entry).substr(name.size() + 1);
  return {};
}

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) out.emplace_back(*entry);
  return out;
}

}  // namespace berth::os
