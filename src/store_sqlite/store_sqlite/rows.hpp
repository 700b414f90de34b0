#pragma once
// Private to store_sqlite: rows from and to a statement. A column list and the function that reads it stand together; a
// value that no row can have (an unknown state, an id that is none) is Damaged.

#include "store/people.hpp"
#include "store/rows.hpp"
#include "store_sqlite/sqlite.hpp"

#define BERTH_SANDBOX_COLUMNS                                                                                       \
  "id, owner, name, template_name, template_digest, isolation, runtime, state, reason_code, reason, memory_bytes, " \
  "cpu_millis, processes, open_files, remove_on_exit, created, started, ended"
#define BERTH_TERMINAL_COLUMNS \
  "id, sandbox, owner, kind, argv, cwd, cols, rows, nonce, running, exit_code, exit_signal, monitored, created, ended, " \
  "title, name"
#define BERTH_COMMAND_COLUMNS \
  "terminal, number, sandbox, owner, text, cwd, exit_code, done, started, duration_ns, output_begin, output_end, " \
  "full_screen, trusted"
#define BERTH_KEY_COLUMNS "id, owner, label, hash, created, revoked, scopes, expires, used, terminal"

namespace berth::store_sqlite {

inline constexpr int terminal_columns = 17, sandbox_columns = 18, command_columns = 14;  // a page's key is the column after them

[[nodiscard]] Result<store::SandboxRow> read_sandbox(const Statement& statement);
[[nodiscard]] Result<store::TerminalRow> read_terminal(const Statement& statement);
[[nodiscard]] Result<store::CommandRow> read_command(const Statement& statement);
[[nodiscard]] Result<store::KeyRow> read_key(const Statement& statement);

void bind_sandbox(Statement& statement, const store::SandboxRow& row, std::optional<std::int64_t> expected_state);
// All but the name. `argv` is pack_argv of the row's and lives as long as the statement.
void bind_terminal(Statement& statement, const store::TerminalRow& row, const std::string& argv);
void bind_command(Statement& statement, const store::CommandRow& row);

// Each argument with a zero byte after it, as the kernel passes them; one that holds a zero byte cannot be.
[[nodiscard]] Result<std::string> pack_argv(const std::vector<std::string>& argv);
[[nodiscard]] std::vector<std::string> unpack_argv(std::string_view packed);

}  // namespace berth::store_sqlite
