#include <algorithm>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/rows.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_commands = 1000;
constexpr std::int64_t looked_at = 250'000;  // rows for one page of a filtered list: a tenth of a second and no more
constexpr const char* no_command = "There is no such command.";

constexpr Query page_of_owner{"command_page_of_owner", "SELECT " BERTH_COMMAND_COLUMNS
                                                       ", seq FROM commands WHERE owner = ?1 AND seq < ?2 "
                                                       "ORDER BY seq DESC LIMIT ?3"};
constexpr Query page_of_sandbox{"command_page_of_sandbox", "SELECT " BERTH_COMMAND_COLUMNS
                                                           ", seq FROM commands WHERE +owner = ?1 AND seq < ?2 "
                                                           "AND sandbox = ?4 ORDER BY seq DESC LIMIT ?3"};
constexpr Query page_of_terminal{
    "command_page_of_terminal", "SELECT " BERTH_COMMAND_COLUMNS
                                ", number FROM commands WHERE +owner = ?1 AND number < ?2 "
                                "AND terminal = ?5 AND (?4 IS NULL OR +sandbox = ?4) ORDER BY number DESC LIMIT ?3"};

// The conditions of a filter; the plus keeps an index out of it that is not the list's order. A page looks at rows from ?6
// on. Partial indices need their own condition as it stands in them, so that each has a query.
#define BERTH_COMMAND_FILTER                                                                             \
  "AND (?4 IS NULL OR +sandbox = ?4) AND (?7 = 0 OR exit_code <> 0) AND (?8 = 0 OR done = 0) "           \
  "AND (?9 IS NULL OR full_screen = ?9) AND (?10 IS NULL OR trusted = ?10) "                             \
  "AND (?11 IS NULL OR duration_ns >= ?11) AND (?12 IS NULL OR cwd = ?12 OR substr(cwd, 1, length(?13)) = ?13) " \
  "AND (?14 IS NULL OR instr(text, ?14) > 0) "
#define BERTH_FILTERED_COMMANDS(condition)                                                            \
  "SELECT " BERTH_COMMAND_COLUMNS ", seq FROM commands WHERE owner = ?1 AND seq < ?2 AND seq >= ?6 " condition \
      BERTH_COMMAND_FILTER "ORDER BY seq DESC LIMIT ?3"

constexpr Query filtered_all{"commands_filtered", BERTH_FILTERED_COMMANDS("")};
constexpr Query filtered_failed{"commands_failed", BERTH_FILTERED_COMMANDS("AND exit_code <> 0 ")};
constexpr Query filtered_running{"commands_running", BERTH_FILTERED_COMMANDS("AND done = 0 ")};
constexpr Query filtered_full_screen{"commands_full_screen", BERTH_FILTERED_COMMANDS("AND full_screen = 1 ")};
constexpr Query filtered_slow{"commands_slow", BERTH_FILTERED_COMMANDS("AND duration_ns >= 1000000000 ")};
constexpr std::int64_t slow_ns = 1'000'000'000;
constexpr Query filtered_terminal{"commands_filtered_of_terminal",
                                  "SELECT " BERTH_COMMAND_COLUMNS
                                  ", number FROM commands WHERE +owner = ?1 AND number < ?2 AND number >= ?6 "
                                  "AND terminal = ?5 " BERTH_COMMAND_FILTER "ORDER BY number DESC LIMIT ?3"};
constexpr Query newest_command{"command_newest", "SELECT max(seq) FROM commands"};
constexpr Query newest_of_terminal{"command_newest_of_terminal", "SELECT max(number) FROM commands WHERE terminal = ?1"};

constexpr Query command_by_number{
    "command_by_number", "SELECT " BERTH_COMMAND_COLUMNS " FROM commands WHERE terminal = ?1 AND number = ?2"};
constexpr Query command_by_output{"command_by_output", "SELECT " BERTH_COMMAND_COLUMNS
                                                       " FROM commands WHERE terminal = ?1 AND output_begin <= ?2 "
                                                       "ORDER BY output_begin DESC, number DESC LIMIT 1"};
constexpr Query commands_open{
    "commands_open", "SELECT " BERTH_COMMAND_COLUMNS " FROM commands WHERE terminal = ?1 AND done = 0 ORDER BY number"};
constexpr Query command_state{"command_state", "SELECT done FROM commands WHERE terminal = ?1 AND number = ?2"};
constexpr Query command_put{
    "command_put", "INSERT INTO commands (" BERTH_COMMAND_COLUMNS
                   ") VALUES "
                   "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (terminal, number) DO UPDATE SET "
                   "sandbox = ?3, owner = ?4, text = ?5, cwd = ?6, exit_code = ?7, done = ?8, started = ?9, "
                   "duration_ns = ?10, output_begin = ?11, output_end = ?12, full_screen = ?13, trusted = ?14"};

const Query& query_for(const store::CommandFilter& filter) {
  if (filter.terminal) return filtered_terminal;
  if (filter.running) return filtered_running;
  if (filter.failed) return filtered_failed;
  if (filter.full_screen.value_or(false)) return filtered_full_screen;
  if (filter.slower_than_ns && *filter.slower_than_ns >= slow_ns) return filtered_slow;
  return filtered_all;
}

std::optional<std::int64_t> as_number(std::optional<bool> flag) {
  if (!flag) return std::nullopt;
  return std::int64_t{*flag};
}

}  // namespace

Result<store::Page<store::CommandRow>> SqlUnit::commands(const store::CommandFilter& filter,
                                                         const store::PageRequest& request) {
  TRY(check_limit(request.limit, most_commands));
  if (filter.by_what_they_are()) return filtered_commands(filter, request);
  const List list = filter.terminal ? List::TerminalCommands : List::Commands;
  TRY_ASSIGN(const std::int64_t before, decode_cursor(list, request.after));
  const std::int64_t fetch = std::int64_t{request.limit} + 1;
  const Query& query = filter.terminal ? page_of_terminal : filter.sandbox ? page_of_sandbox : page_of_owner;
  TRY_ASSIGN(auto statement, connection_.prepare(query));
  statement.bind(filter.owner, before, fetch);
  if (filter.sandbox) statement.bind_at(4, filter.sandbox->str());
  if (filter.terminal) statement.bind_at(5, filter.terminal->str());
  return read_page(statement, read_command, list, command_columns, request.limit);
}

// Numbers of a terminal's commands and seq both only grow: a page that ends at its floor goes on below it.
Result<store::Page<store::CommandRow>> SqlUnit::filtered_commands(const store::CommandFilter& filter,
                                                                  const store::PageRequest& request) {
  const List list = filter.terminal ? List::TerminalCommands : List::Commands;
  TRY_ASSIGN(std::int64_t before, decode_cursor(list, request.after));
  {
    TRY_ASSIGN(auto newest, connection_.prepare(filter.terminal ? newest_of_terminal : newest_command));
    if (filter.terminal) newest.bind(filter.terminal->str());
    TRY(newest.step());
    before = std::min(before, newest.integer(0) + 1);
  }
  const std::int64_t floor = std::max<std::int64_t>(0, before - looked_at), fetch = std::int64_t{request.limit} + 1;
  const std::string below = filter.cwd ? *filter.cwd + (filter.cwd->ends_with('/') ? "" : "/") : "";
  TRY_ASSIGN(auto statement, connection_.prepare(query_for(filter)));
  statement.bind(filter.owner, before, fetch);
  if (filter.sandbox) statement.bind_at(4, filter.sandbox->str());
  if (filter.terminal) statement.bind_at(5, filter.terminal->str());
  statement.bind_at(6, floor);
  statement.bind_at(7, std::int64_t{filter.failed});
  statement.bind_at(8, std::int64_t{filter.running});
  statement.bind_at(9, as_number(filter.full_screen));
  statement.bind_at(10, as_number(filter.trusted));
  statement.bind_at(11, filter.slower_than_ns);
  if (filter.cwd) {
    statement.bind_at(12, *filter.cwd);
    statement.bind_at(13, below);
  }
  if (filter.text) statement.bind_at(14, *filter.text);
  TRY_ASSIGN(auto page, read_page(statement, read_command, list, command_columns, request.limit));
  if (page.next.empty() && floor > 0) page.next = encode_cursor(list, floor);
  return page;
}

Result<store::CommandRow> SqlUnit::command(const TerminalId& id, std::uint64_t number) {
  TRY_ASSIGN(auto statement, connection_.prepare(command_by_number));
  return read_one(statement.bind(id.str(), as_signed(number)), read_command, no_command);
}

Result<store::CommandRow> SqlUnit::command_at(const TerminalId& id, ByteOffset offset) {
  TRY_ASSIGN(auto statement, connection_.prepare(command_by_output));
  return read_one(statement.bind(id.str(), as_signed(offset.value)), read_command, no_command);
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

Result<> SqlUnit::put_command(const store::CommandRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(command_put));
  bind_command(statement, row);
  return statement.run();
}

}  // namespace berth::store_sqlite
