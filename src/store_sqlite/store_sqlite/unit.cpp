#include "store_sqlite/unit.hpp"

#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/rows.hpp"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_sandboxes = 100, most_commands = 1000;

#define QUERY(name, sql) \
  constexpr Query name { #name, sql }
QUERY(sandbox_by_id, "SELECT " BERTH_SANDBOX_COLUMNS " FROM sandboxes WHERE id = ?1 AND removed = 0");
QUERY(sandbox_by_name,
      "SELECT " BERTH_SANDBOX_COLUMNS " FROM sandboxes WHERE owner = ?1 AND name = ?2 AND removed = 0");
QUERY(sandbox_page, "SELECT " BERTH_SANDBOX_COLUMNS
                    ", seq FROM sandboxes WHERE owner = ?1 AND removed = 0 AND seq < ?2 "
                    "AND (?3 IS NULL OR state = ?3) ORDER BY seq DESC LIMIT ?4");
QUERY(sandboxes_live, "SELECT " BERTH_SANDBOX_COLUMNS " FROM sandboxes WHERE removed = 0 AND state < 3 ORDER BY seq");
QUERY(sandbox_insert, "INSERT INTO sandboxes (" BERTH_SANDBOX_COLUMNS
                      ") VALUES "
                      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)");
QUERY(sandbox_update,
      "UPDATE sandboxes SET owner = ?2, name = ?3, template_name = ?4, template_digest = ?5, isolation = ?6, "
      "runtime = ?7, state = ?8, reason_code = ?9, reason = ?10, memory_bytes = ?11, cpu_millis = ?12, "
      "processes = ?13, open_files = ?14, remove_on_exit = ?15, created = ?16, started = ?17, ended = ?18 "
      "WHERE id = ?1 AND removed = 0 AND state = ?19");
QUERY(sandbox_remove, "UPDATE sandboxes SET removed = 1 WHERE id = ?1 AND removed = 0");
QUERY(terminal_by_id, "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE id = ?1");
QUERY(terminals_of_sandbox, "SELECT " BERTH_TERMINAL_COLUMNS " FROM terminals WHERE sandbox = ?1 ORDER BY seq");
QUERY(terminal_insert, "INSERT INTO terminals (" BERTH_TERMINAL_COLUMNS
                       ") VALUES "
                       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
QUERY(terminal_update,
      "UPDATE terminals SET sandbox = ?2, owner = ?3, kind = ?4, argv = ?5, cwd = ?6, cols = ?7, rows = ?8, "
      "nonce = ?9, running = ?10, exit_code = ?11, exit_signal = ?12, monitored = ?13, created = ?14, "
      "ended = ?15 WHERE id = ?1");
QUERY(command_page_of_owner, "SELECT " BERTH_COMMAND_COLUMNS
                             ", seq FROM commands WHERE owner = ?1 AND seq < ?2 "
                             "ORDER BY seq DESC LIMIT ?3");
QUERY(command_page_of_sandbox, "SELECT " BERTH_COMMAND_COLUMNS
                               ", seq FROM commands WHERE +owner = ?1 AND seq < ?2 "
                               "AND sandbox = ?4 ORDER BY seq DESC LIMIT ?3");
QUERY(command_page_of_terminal, "SELECT " BERTH_COMMAND_COLUMNS
                                ", number FROM commands WHERE +owner = ?1 AND number < ?2 "
                                "AND terminal = ?5 AND (?4 IS NULL OR +sandbox = ?4) ORDER BY number DESC LIMIT ?3");
QUERY(commands_open, "SELECT " BERTH_COMMAND_COLUMNS " FROM commands WHERE terminal = ?1 AND done = 0 ORDER BY number");
QUERY(command_put, "INSERT INTO commands (" BERTH_COMMAND_COLUMNS
                   ") VALUES "
                   "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (terminal, number) DO UPDATE SET "
                   "sandbox = ?3, owner = ?4, text = ?5, cwd = ?6, exit_code = ?7, done = ?8, started = ?9, "
                   "duration_ns = ?10, output_begin = ?11, output_end = ?12");
QUERY(keys_valid, "SELECT " BERTH_KEY_COLUMNS " FROM keys WHERE revoked IS NULL ORDER BY created, id");
QUERY(key_insert, "INSERT INTO keys (" BERTH_KEY_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
QUERY(key_revoke, "UPDATE keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1");
QUERY(setting_get, "SELECT value FROM settings WHERE name = ?1");
QUERY(setting_put, "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2");
#undef QUERY

template <class Read>
auto read_all(Statement& statement, Read read)
    -> Result<std::vector<typename std::invoke_result_t<Read, Statement&>::value_type>> {
  std::vector<typename std::invoke_result_t<Read, Statement&>::value_type> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    TRY_ASSIGN(auto row, read(statement));
    rows.push_back(std::move(row));
  }
}

template <class Read>
auto read_one(Statement& statement, Read read, const char* absent) -> std::invoke_result_t<Read, Statement&> {
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) return fail(Code::NotFound, absent);
  return read(statement);
}

// The statement asked for one row more than the page holds: it tells whether there is a next page.
template <class Read>
auto read_page(Statement& statement, Read read, List list, int key_column, std::uint32_t limit)
    -> Result<store::Page<typename std::invoke_result_t<Read, Statement&>::value_type>> {
  store::Page<typename std::invoke_result_t<Read, Statement&>::value_type> page;
  std::int64_t last = 0;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) return page;
    if (page.rows.size() == limit) {
      page.next = encode_cursor(list, last);
      return page;
    }
    last = statement.integer(key_column);
    TRY_ASSIGN(auto row, read(statement));
    page.rows.push_back(std::move(row));
  }
}

Result<> check_limit(std::uint32_t limit, std::uint32_t most) {
  if (limit >= 1 && limit <= most) return {};
  return fail(Code::InvalidArgument, fmt::format("A page holds 1 to {} rows, not {}.", most, limit));
}

// A unique name or key that is taken, in words that say which.
Result<> taken(Result<> result, std::string message) {
  if (result || result.error().code != Code::AlreadyExists) return result;
  Error error = std::move(result).error();
  error.message = std::move(message);
  return pass(std::move(error));
}

constexpr const char* no_sandbox = "There is no such sandbox.";
constexpr const char* no_terminal = "There is no such terminal.";

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
  TRY(check_limit(request.limit, most_sandboxes));
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

}  // namespace berth::store_sqlite
