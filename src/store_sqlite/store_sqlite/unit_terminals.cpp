#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {
namespace {

constexpr const char* no_terminal = "There is no such terminal.";
constexpr const char* name_taken = "A terminal of this sandbox has this name already.";

constexpr Query terminal_by_id{"terminal_by_id", "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE id = ?1"};
constexpr Query terminals_of_sandbox{
    "terminals_of_sandbox", "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE sandbox = ?1 ORDER BY seq"};
constexpr Query terminal_insert{"terminal_insert",
                                "INSERT INTO terminals (" BERTH_TERMINAL_COLUMNS
                                ") VALUES "
                                "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"};
constexpr Query terminal_update{
    "terminal_update",
    "UPDATE terminals SET sandbox = ?2, owner = ?3, kind = ?4, argv = ?5, cwd = ?6, cols = ?7, rows = ?8, "
    "nonce = ?9, running = ?10, exit_code = ?11, exit_signal = ?12, monitored = ?13, created = ?14, "
    "ended = ?15, title = ?16 WHERE id = ?1"};
constexpr Query terminal_rename{"terminal_rename", "UPDATE terminals SET name = ?2 WHERE id = ?1"};
constexpr Query terminal_by_name{"terminal_by_name", "SELECT " BERTH_TERMINAL_COLUMNS
                                                     " FROM terminals WHERE sandbox = ?1 AND name = ?2 AND name <> ''"};
constexpr Query terminals_over{"terminals_over",
                               "SELECT id FROM terminals WHERE running = 0 AND ended < ?1 ORDER BY ended LIMIT ?2"};
constexpr Query terminal_delete{"terminal_delete", "DELETE FROM terminals WHERE id = ?1"};
constexpr Query commands_delete{"commands_delete", "DELETE FROM commands WHERE terminal = ?1"};

Result<TerminalId> read_terminal_id(const Statement& statement) { return read_id<TerminalId>(statement, 0); }

}  // namespace

Result<store::TerminalRow> SqlUnit::terminal(const TerminalId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_by_id));
  return read_one(statement.bind(id.str()), read_terminal, no_terminal);
}

Result<std::vector<store::TerminalRow>> SqlUnit::terminals(const SandboxId& sandbox) {
  TRY_ASSIGN(auto statement, connection_.prepare(terminals_of_sandbox));
  return read_all(statement.bind(sandbox.str()), read_terminal);
}

Result<store::TerminalRow> SqlUnit::terminal_named(const SandboxId& sandbox, const std::string& name) {
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_by_name));
  return read_one(statement.bind(sandbox.str(), name), read_terminal, no_terminal);
}

Result<> SqlUnit::insert_terminal(const store::TerminalRow& row) {
  TRY_ASSIGN(const std::string argv, pack_argv(row.argv));
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_insert));
  bind_terminal(statement, row, argv);
  statement.bind_at(terminal_columns, row.name);
  return taken(statement.run(), row.name.empty() ? "The terminal exists already." : name_taken);
}

Result<> SqlUnit::update_terminal(const store::TerminalRow& row) {
  TRY_ASSIGN(const std::string argv, pack_argv(row.argv));
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_update));
  bind_terminal(statement, row, argv);
  TRY(statement.run());
  if (connection_.changes() == 0) return fail(Code::NotFound, no_terminal);
  return {};
}

Result<> SqlUnit::rename_terminal(const TerminalId& id, const std::string& name) {
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_rename));
  TRY(taken(statement.bind(id.str(), name).run(), name_taken));
  if (connection_.changes() == 0) return fail(Code::NotFound, no_terminal);
  return {};
}

Result<std::vector<TerminalId>> SqlUnit::terminals_ended(WallTime before, std::uint32_t limit) {
  TRY_ASSIGN(auto statement, connection_.prepare(terminals_over));
  return read_all(statement.bind(nanoseconds(before), std::int64_t{limit}), read_terminal_id);
}

Result<> SqlUnit::forget_terminal(const TerminalId& id) {
  for (const Query* query : {&commands_delete, &terminal_delete}) {
    TRY_ASSIGN(auto statement, connection_.prepare(*query));
    TRY(statement.bind(id.str()).run());
  }
  return {};
}

}  // namespace berth::store_sqlite
