#pragma once
// Who programs run as: /etc/passwd read by ourselves, since a static program cannot load the host's name services.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::guest {

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home = "/";
  std::string shell = "/bin/sh";
};

// Pure: the text of a passwd file (passwd(5)); lines that are not well formed do not count.
[[nodiscard]] std::optional<User> find_user(std::string_view passwd, uid_t uid);
[[nodiscard]] std::optional<User> find_user(std::string_view passwd, std::string_view name);

// The user of this process. Without an entry: its numbers, home from $HOME or "/". A shell that is not there becomes
// /bin/bash or /bin/sh.
[[nodiscard]] User current_user();
// "" is the current user; a name or a number. Another than the current one needs root: EPERM.
Result<User> resolve_user(const User& current, const std::string& wanted);

}  // namespace berth::guest
