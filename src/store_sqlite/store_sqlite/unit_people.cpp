#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {
namespace {

constexpr Query users_all{"users_all", "SELECT name, role, disabled, created FROM users ORDER BY name"};
constexpr Query user_insert{"user_insert", "INSERT INTO users (name, role, disabled, created) VALUES (?1, ?2, ?3, ?4)"};
constexpr Query user_update{"user_update", "UPDATE users SET role = ?2, disabled = ?3 WHERE name = ?1"};
constexpr Query keys_valid{"keys_valid",
                           "SELECT " BERTH_KEY_COLUMNS " FROM keys WHERE revoked IS NULL ORDER BY created, id"};
constexpr Query key_insert{"key_insert", "INSERT INTO keys (" BERTH_KEY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
constexpr Query key_used{"key_used", "UPDATE keys SET used = ?2 WHERE id = ?1"};
constexpr Query key_revoke{"key_revoke", "UPDATE keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1"};
constexpr Query setting_get{"setting_get", "SELECT value FROM settings WHERE name = ?1"};
constexpr Query setting_put{
    "setting_put", "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2"};

constexpr Query whole_check{"whole_check", "PRAGMA quick_check(1)"};

Result<store::UserRow> read_user(const Statement& s) {
  TRY_ASSIGN(const auto role, read_enum(s, 1, store::Role::Admin));
  return store::UserRow{.name = s.text(0), .role = role, .disabled = time_at(s.optional_integer(2)),
                        .created = time_at(s.integer(3))};
}

}  // namespace

Result<std::vector<store::UserRow>> SqlUnit::users() {
  TRY_ASSIGN(auto statement, connection_.prepare(users_all));
  return read_all(statement, read_user);
}

Result<> SqlUnit::insert_user(const store::UserRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(user_insert));
  statement.bind(row.name, static_cast<std::int64_t>(row.role), nanoseconds(row.disabled), nanoseconds(row.created));
  return taken(statement.run(), "There is a user of this name already.");
}

Result<> SqlUnit::update_user(const store::UserRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(user_update));
  TRY(statement.bind(row.name, static_cast<std::int64_t>(row.role), nanoseconds(row.disabled)).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, "There is no such user.");
  return {};
}

Result<std::vector<store::KeyRow>> SqlUnit::keys() {
  TRY_ASSIGN(auto statement, connection_.prepare(keys_valid));
  return read_all(statement, read_key);
}

Result<std::optional<std::string>> SqlUnit::setting(const std::string& name) {
  TRY_ASSIGN(auto statement, connection_.prepare(setting_get));
  TRY_ASSIGN(const bool found, statement.bind(name).step());
  if (!found) return std::optional<std::string>();
  return std::optional(statement.text(0));
}

Result<> SqlUnit::insert_key(const store::KeyRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(key_insert));
  const std::string terminal = row.terminal ? row.terminal->str() : std::string();  // until the statement has run
  statement.bind(row.id.str(), row.owner, row.label, row.hash, nanoseconds(row.created),
                 nanoseconds(row.revoked), std::int64_t{row.scopes.bits()}, nanoseconds(row.expires),
                 nanoseconds(row.used), terminal);
  return taken(statement.run(), "The key exists already.");
}

Result<> SqlUnit::revoke_key(const KeyId& id, WallTime when) {
  TRY_ASSIGN(auto statement, connection_.prepare(key_revoke));
  TRY(statement.bind(id.str(), nanoseconds(when)).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, "There is no such key.");
  return {};
}

Result<> SqlUnit::set_key_used(const KeyId& id, WallTime when) {
  TRY_ASSIGN(auto statement, connection_.prepare(key_used));
  return statement.bind(id.str(), nanoseconds(when)).run();
}

Result<> SqlUnit::put_setting(const std::string& name, const std::string& value) {
  TRY_ASSIGN(auto statement, connection_.prepare(setting_put));
  return statement.bind(name, value).run();
}

Result<> SqlUnit::check() {
  TRY_ASSIGN(auto statement, connection_.prepare(whole_check));
  TRY(statement.step());
  const std::string said = statement.text(0);
  if (said == "ok") return {};
  Error error{.code = Code::Damaged, .message = "The database is damaged.", .hint = "Restore a backup.", .subject = said};
  return pass(std::move(error));
}

}  // namespace berth::store_sqlite
