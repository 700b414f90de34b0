#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_commands = 1000;
constexpr const char* no_terminal = "There is no such terminal.";

constexpr Query terminal_by_id{"terminal_by_id", "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE id = ?1"};
constexpr Query terminals_of_sandbox{
    "terminals_of_sandbox", "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE sandbox = ?1 ORDER BY seq"};
constexpr Query terminal_insert{"terminal_insert",
                                "INSERT INTO terminals (" BERTH_TERMINAL_COLUMNS
                                ") VALUES "
                                "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"};
constexpr Query terminal_update{
    "terminal_update",
    "UPDATE terminals SET sandbox = ?2, owner = ?3, kind = ?4, argv = ?5, cwd = ?6, cols = ?7, rows = ?8, "
    "nonce = ?9, running = ?10, exit_code = ?11, exit_signal = ?12, monitored = ?13, created = ?14, "
    "ended = ?15 WHERE id = ?1"};
constexpr Query command_page_of_owner{"command_page_of_owner", "SELECT " BERTH_COMMAND_COLUMNS
                                                               ", seq FROM commands WHERE owner = ?1 AND seq < ?2 "
                                                               "ORDER BY seq DESC LIMIT ?3"};
constexpr Query command_page_of_sandbox{"command_page_of_sandbox", "SELECT " BERTH_COMMAND_COLUMNS
                                                                   ", seq FROM commands WHERE +owner = ?1 AND seq < ?2 "
                                                                   "AND sandbox = ?4 ORDER BY seq DESC LIMIT ?3"};
constexpr Query command_page_of_terminal{
    "command_page_of_terminal", "SELECT " BERTH_COMMAND_COLUMNS
                                ", number FROM commands WHERE +owner = ?1 AND number < ?2 "
                                "AND terminal = ?5 AND (?4 IS NULL OR +sandbox = ?4) ORDER BY number DESC LIMIT ?3"};
constexpr Query commands_open{
    "commands_open", "SELECT " BERTH_COMMAND_COLUMNS " FROM commands WHERE terminal = ?1 AND done = 0 ORDER BY number"};
constexpr Query command_state{"command_state", "SELECT done FROM commands WHERE terminal = ?1 AND number = ?2"};
constexpr Query command_put{
    "command_put", "INSERT INTO commands (" BERTH_COMMAND_COLUMNS
                   ") VALUES "
                   "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (terminal, number) DO UPDATE SET "
                   "sandbox = ?3, owner = ?4, text = ?5, cwd = ?6, exit_code = ?7, done = ?8, started = ?9, "
                   "duration_ns = ?10, output_begin = ?11, output_end = ?12"};

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

Result<store::Page<store::CommandRow>> SqlUnit::commands(const store::CommandFilter& filter,
                                                         const store::PageRequest& request) {
  TRY(check_limit(request.limit, most_commands));
  const List list = filter.terminal ? List::TerminalCommands : List::Commands;
  TRY_ASSIGN(const std::int64_t before, decode_cursor(list, request.after));
  const std::int64_t fetch = std::int64_t{request.limit} + 1;
  const Query& query = filter.terminal  ? command_page_of_terminal
                       : filter.sandbox ? command_page_of_sandbox
                                        : command_page_of_owner;
  TRY_ASSIGN(auto statement, connection_.prepare(query));
  statement.bind(filter.owner, before, fetch);
  if (filter.sandbox) statement.bind_at(4, filter.sandbox->str());
  if (filter.terminal) statement.bind_at(5, filter.terminal->str());
  return read_page(statement, read_command, list, command_columns, request.limit);
}

Result<std::vector<store::CommandRow>> SqlUnit::open_commands(const TerminalId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(commands_open));
  return read_all(statement.bind(id.str()), read_command);
}

Result<std::optional<bool>> SqlUnit::command_done(const TerminalId& id, std::uint64_t number) {
  TRY_ASSIGN(auto statement, connection_.prepare(command_state));
  TRY_ASSIGN(const bool found, statement.bind(id.str(), as_signed(number)).step());
  if (!found) return std::nullopt;
  return statement.integer(0) != 0;
}

Result<> SqlUnit::insert_terminal(const store::TerminalRow& row) {
  TRY_ASSIGN(const std::string argv, pack_argv(row.argv));
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_insert));
  bind_terminal(statement, row, argv);
  return taken(statement.run(), "The terminal exists already.");
}

Result<> SqlUnit::update_terminal(const store::TerminalRow& row) {
  TRY_ASSIGN(const std::string argv, pack_argv(row.argv));
  TRY_ASSIGN(auto statement, connection_.prepare(terminal_update));
  bind_terminal(statement, row, argv);
  TRY(statement.run());
  if (connection_.changes() == 0) return fail(Code::NotFound, no_terminal);
  return {};
}

Result<> SqlUnit::put_command(const store::CommandRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(command_put));
  bind_command(statement, row);
  return statement.run();
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
