#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {
namespace {

constexpr Query keys_valid{"keys_valid",
                           "SELECT " BERTH_KEY_COLUMNS " FROM keys WHERE revoked IS NULL ORDER BY created, id"};
constexpr Query key_insert{"key_insert", "INSERT INTO keys (" BERTH_KEY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
constexpr Query key_revoke{"key_revoke", "UPDATE keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1"};
constexpr Query setting_get{"setting_get", "SELECT value FROM settings WHERE name = ?1"};
constexpr Query setting_put{
    "setting_put", "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2"};

constexpr Query whole_check{"whole_check", "PRAGMA quick_check(1)"};

}  // namespace

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
  std::optional<std::int64_t> revoked;
  if (row.revoked) revoked = nanoseconds(*row.revoked);
  TRY_ASSIGN(auto statement, connection_.prepare(key_insert));
  statement.bind(row.id.str(), row.owner, row.label, row.hash, nanoseconds(row.created), revoked);
  return taken(statement.run(), "The key exists already.");
}

Result<> SqlUnit::revoke_key(const KeyId& id, WallTime when) {
  TRY_ASSIGN(auto statement, connection_.prepare(key_revoke));
  TRY(statement.bind(id.str(), nanoseconds(when)).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, "There is no such key.");
  return {};
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
