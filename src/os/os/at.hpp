#pragma once
// More of what is done in a directory that is open, by name (os/inside.hpp has the rest): nothing here follows a link, so that
// who can change the tree meanwhile leads nobody out of it. Names are single components.
//
// Keeps no state; any thread. Errors name the call and the name.
//
// Example (int dir):
//   TRY_ASSIGN(const auto names, os::list_at(dir));
//   for (const auto& name : names) TRY(os::set_owner_at(dir, name, 1000, 1000));

#include <string>
#include <vector>

#include "os/file.hpp"

namespace berth::os {

Result<std::vector<std::string>> list_at(int dir);                                  // sorted, without "." and ".."
Result<UniqueFd> open_at(int dir, const std::string& name, int flags, mode_t mode = 0);  // O_NOFOLLOW and O_CLOEXEC are added
Result<> make_link_at(int dir, const std::string& name, const std::string& target);
// Of a link itself. `uid` and `gid` -1 stay as they are; seconds since 1970.
Result<> set_owner_at(int dir, const std::string& name, uid_t uid, gid_t gid);
Result<> set_mode_at(int dir, const std::string& name, mode_t mode);                // not of a link
Result<> set_modified_at(int dir, const std::string& name, std::int64_t seconds);

}  // namespace berth::os
