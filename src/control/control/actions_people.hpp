#pragma once
// What can be asked for about users and keys. A part of control/actions.hpp.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.hpp"
#include "store/people.hpp"

namespace berth::control {

struct AddUser { std::string name; store::Role role = store::Role::Member; };
struct ListUsers {};
struct ChangeUser { std::string name; std::optional<store::Role> role; std::optional<bool> disabled; };

struct CreateKey {
  std::string user;                          // "" is the caller
  std::string label;
  std::vector<std::string> scopes;           // "read", "run", "admin"; none: all that the user may
  std::optional<std::chrono::milliseconds> expires;  // from now; absent: never
  std::string terminal{};                    // by id or sandbox/name: a link that looks at it and opens nothing else; "": none
};
struct ListKeys { std::string user; };       // "" is the caller; "*" is everybody
struct RevokeKey { KeyId key; };

struct NewKey {
  store::KeyRow row;
  crypto::Secret text;                       // told once, kept nowhere
};

}  // namespace berth::control
