#include "guest/user.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "os/file.hpp"
#include "os/process.hpp"

namespace berth::guest {
namespace {

constexpr std::size_t passwd_limit = 4 << 20;

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// name:password:uid:gid:comment:home:shell
std::optional<User> parse_line(std::string_view line) {
  std::array<std::string_view, 7> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t colon = line.find(':');
    if ((colon == std::string_view::npos) != (i + 1 == fields.size())) return std::nullopt;
    fields[i] = line.substr(0, colon);
    line = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  }
  User user;
  if (fields[0].empty() || !parse_number(fields[2], user.uid) || !parse_number(fields[3], user.gid)) return std::nullopt;
  user.name = fields[0];
  if (fields[5].starts_with('/')) user.home = fields[5];
  if (fields[6].starts_with('/')) user.shell = fields[6];
  return user;
}

template <class Matches>
std::optional<User> find_line(std::string_view passwd, Matches matches) {
  while (!passwd.empty()) {
    const std::size_t end = passwd.find('\n');
    if (auto user = parse_line(passwd.substr(0, end)); user && matches(*user)) return user;
    passwd = end == std::string_view::npos ? std::string_view{} : passwd.substr(end + 1);
  }
  return std::nullopt;
}

std::string passwd_text() { return os::read_file("/etc/passwd", passwd_limit).value_or(std::string{}); }

void ensure_shell(User& user) {
  for (const char* shell : {user.shell.c_str(), "/bin/bash", "/bin/sh"})
    if (os::find_executable(shell, {})) {
      user.shell = std::string(shell);
      return;
    }
}

}  // namespace

std::optional<User> find_user(std::string_view passwd, uid_t uid) {
  return find_line(passwd, [&](const User& user) { return user.uid == uid; });
}

std::optional<User> find_user(std::string_view passwd, std::string_view name) {
  return find_line(passwd, [&](const User& user) { return user.name == name; });
}

User current_user() {
  User user;
  if (auto found = find_user(passwd_text(), ::getuid())) {
    user = *std::move(found);
  } else {
    user.uid = ::getuid();
    user.gid = ::getgid();
    user.name = std::to_string(user.uid);
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') user.home = home;
  }
  ensure_shell(user);
  return user;
}

Result<User> resolve_user(const User& current, const std::string& wanted) {
  if (wanted.empty() || wanted == current.name || wanted == std::to_string(current.uid)) return current;
  if (::geteuid() != 0) return fail_errno(EPERM, "setresuid", wanted);
  const std::string text = passwd_text();
  uid_t uid = 0;
  auto found = find_user(text, std::string_view(wanted));
  if (!found && parse_number(std::string_view(wanted), uid)) found = find_user(text, uid);
  if (!found) return fail_errno(EINVAL, "user", wanted);
  ensure_shell(*found);
  return *std::move(found);
}

}  // namespace berth::guest
