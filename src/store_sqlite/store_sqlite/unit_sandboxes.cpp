#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most = 100;
constexpr const char* no_sandbox = "There is no such sandbox.";

constexpr Query sandbox_by_id{"sandbox_by_id",
                              "SELECT " BERTH_SANDBOX_COLUMNS " FROM sandboxes WHERE id = ?1 AND removed = 0"};
constexpr Query sandbox_by_name{"sandbox_by_name", "SELECT " BERTH_SANDBOX_COLUMNS
                                                   " FROM sandboxes WHERE owner = ?1 AND name = ?2 AND removed = 0"};
constexpr Query sandbox_page{"sandbox_page", "SELECT " BERTH_SANDBOX_COLUMNS
                                             ", seq FROM sandboxes WHERE owner = ?1 AND removed = 0 AND seq < ?2 "
                                             "AND (?3 IS NULL OR state = ?3) ORDER BY seq DESC LIMIT ?4"};
constexpr Query sandboxes_live{
    "sandboxes_live", "SELECT " BERTH_SANDBOX_COLUMNS " FROM sandboxes WHERE removed = 0 AND state < 3 ORDER BY seq"};
constexpr Query sandbox_insert{"sandbox_insert",
                               "INSERT INTO sandboxes (" BERTH_SANDBOX_COLUMNS
                               ") VALUES "
                               "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"};
constexpr Query sandbox_update{
    "sandbox_update",
    "UPDATE sandboxes SET owner = ?2, name = ?3, template_name = ?4, template_digest = ?5, isolation = ?6, "
    "runtime = ?7, state = ?8, reason_code = ?9, reason = ?10, memory_bytes = ?11, cpu_millis = ?12, "
    "processes = ?13, open_files = ?14, remove_on_exit = ?15, created = ?16, started = ?17, ended = ?18 "
    "WHERE id = ?1 AND removed = 0 AND state = ?19"};
constexpr Query sandbox_remove{"sandbox_remove", "UPDATE sandboxes SET removed = 1 WHERE id = ?1 AND removed = 0"};

}  // namespace

Result<store::SandboxRow> SqlUnit::sandbox(const SandboxId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_by_id));
  return read_one(statement.bind(id.str()), read_sandbox, no_sandbox);
}

Result<store::SandboxRow> SqlUnit::sandbox_named(const std::string& owner, const std::string& name) {
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_by_name));
  return read_one(statement.bind(owner, name), read_sandbox, no_sandbox);
}

Result<store::Page<store::SandboxRow>> SqlUnit::sandboxes(const store::SandboxFilter& filter,
                                                          const store::PageRequest& request) {
  TRY(check_limit(request.limit, most));
  TRY_ASSIGN(const std::int64_t before, decode_cursor(List::Sandboxes, request.after));
  std::optional<std::int64_t> state;
  if (filter.state) state = static_cast<std::int64_t>(*filter.state);
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_page));
  statement.bind(filter.owner, before, state, std::int64_t{request.limit} + 1);
  return read_page(statement, read_sandbox, List::Sandboxes, sandbox_columns, request.limit);
}

Result<std::vector<store::SandboxRow>> SqlUnit::live_sandboxes() {
  TRY_ASSIGN(auto statement, connection_.prepare(sandboxes_live));
  return read_all(statement, read_sandbox);
}

Result<> SqlUnit::insert_sandbox(const store::SandboxRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_insert));
  bind_sandbox(statement, row, std::nullopt);
  return taken(statement.run(), fmt::format("A sandbox named {} exists already.", row.name));
}

Result<> SqlUnit::update_sandbox(const store::SandboxRow& row, store::SandboxState expected) {
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_update));
  bind_sandbox(statement, row, static_cast<std::int64_t>(expected));
  TRY(taken(statement.run(), fmt::format("A sandbox named {} exists already.", row.name)));
  if (connection_.changes() == 1) return {};
  TRY(sandbox(row.id));
  return fail(Code::FailedPrecondition, "The sandbox is in another state by now.");
}

Result<> SqlUnit::remove_sandbox(const SandboxId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(sandbox_remove));
  TRY(statement.bind(id.str()).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, no_sandbox);
  return {};
}

}  // namespace berth::store_sqlite
