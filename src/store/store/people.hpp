#pragma once
// People and the keys of the API. A user's role says what he may do; a key may say less than its user's role.
//
// Example (store::PeopleReader& reader, store::PeopleWriter& writer, const store::UserRow& user, WallTime now):
//   TRY(writer.insert_user(user));
//   TRY_ASSIGN(const auto keys, reader.keys());
//   for (const auto& key : keys)
//     if (store::permissions_of(user.role).both(key.scopes) == store::Permissions()) TRY(writer.revoke_key(key.id, now));

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store {

enum class Permission : std::uint8_t {
  Read = 1,   // look at one's own things
  Run = 2,    // make, use, change and remove them
  Admin = 4,  // users, everybody's keys, templates, background work of the server
};

// A set of them; empty unless something was granted.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr explicit Permissions(std::uint8_t bits) : bits_(bits & 7) {}
  [[nodiscard]] static constexpr Permissions all() { return Permissions(7); }
  [[nodiscard]] constexpr bool has(Permission one) const { return (bits_ & static_cast<std::uint8_t>(one)) != 0; }
  [[nodiscard]] constexpr Permissions with(Permission one) const {
    return Permissions(static_cast<std::uint8_t>(bits_ | static_cast<std::uint8_t>(one)));
  }
  [[nodiscard]] constexpr Permissions both(Permissions other) const {
    return Permissions(static_cast<std::uint8_t>(bits_ & other.bits_));
  }
  [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
  constexpr bool operator==(const Permissions&) const = default;

 private:
  std::uint8_t bits_ = 0;
};

enum class Role { Viewer, Member, Admin };

[[nodiscard]] constexpr Permissions permissions_of(Role role) {
  const auto read = Permissions().with(Permission::Read);
  if (role == Role::Viewer) return read;
  return role == Role::Member ? read.with(Permission::Run) : Permissions::all();
}

struct UserRow {
  std::string name;              // what owns sandboxes and sessions
  Role role = Role::Member;
  std::optional<WallTime> disabled;
  WallTime created{};
};

struct KeyRow {
  KeyId id;
  std::string owner;             // a user's name, or "local": the machine's own user, who may everything
  std::string label;
  std::string hash;              // of the secret part, hex SHA-256; the key itself is never stored
  WallTime created{};
  std::optional<WallTime> revoked;
  Permissions scopes = Permissions::all();  // at most these of the owner's
  std::optional<WallTime> expires;
  std::optional<WallTime> used;  // the last time, within keys.used_every_ms
  std::optional<TerminalId> terminal{};  // a link: it looks at this one and opens nothing else
};

class PeopleReader {
 public:
  virtual Result<std::vector<UserRow>> users() = 0;                   // by name
  virtual Result<std::vector<KeyRow>> keys() = 0;                     // not revoked, oldest first

 protected:
  ~PeopleReader() = default;
};

class PeopleWriter {
 public:
  virtual Result<> insert_user(const UserRow&) = 0;                   // AlreadyExists
  virtual Result<> update_user(const UserRow&) = 0;                   // NotFound; role and disabled
  virtual Result<> insert_key(const KeyRow&) = 0;
  virtual Result<> revoke_key(const KeyId&, WallTime when) = 0;
  virtual Result<> set_key_used(const KeyId&, WallTime when) = 0;     // no error when it is gone

 protected:
  ~PeopleWriter() = default;
};

}  // namespace berth::store
