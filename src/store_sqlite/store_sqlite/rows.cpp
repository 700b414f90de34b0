#include "store_sqlite/rows.hpp"

#include "store_sqlite/values.hpp"

namespace berth::store_sqlite {

Result<store::SandboxRow> read_sandbox(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<SandboxId>(s, 0));
  TRY_ASSIGN(const auto state, read_enum(s, 7, store::SandboxState::Failed));
  return store::SandboxRow{.id = std::move(id),
                           .owner = s.text(1),
                           .name = s.text(2),
                           .template_name = s.text(3),
                           .template_digest = s.text(4),
                           .isolation = s.text(5),
                           .runtime = s.text(6),
                           .state = state,
                           .reason_code = s.text(8),
                           .reason = s.text(9),
                           .memory_bytes = static_cast<std::uint64_t>(s.integer(10)),
                           .cpu_millis = static_cast<std::uint32_t>(s.integer(11)),
                           .processes = static_cast<std::uint32_t>(s.integer(12)),
                           .open_files = static_cast<std::uint32_t>(s.integer(13)),
                           .remove_on_exit = s.integer(14) != 0,
                           .created = time_at(s.integer(15)),
                           .started = time_at(s.optional_integer(16)),
                           .ended = time_at(s.optional_integer(17))};
}

void bind_sandbox(Statement& s, const store::SandboxRow& row, std::optional<std::int64_t> expected_state) {
  s.bind(row.id.str(), row.owner, row.name, row.template_name, row.template_digest, row.isolation, row.runtime,
         static_cast<std::int64_t>(row.state), row.reason_code, row.reason, as_signed(row.memory_bytes),
         std::int64_t{row.cpu_millis}, std::int64_t{row.processes}, std::int64_t{row.open_files},
         std::int64_t{row.remove_on_exit}, nanoseconds(row.created), nanoseconds(row.started), nanoseconds(row.ended));
  if (expected_state) s.bind_at(sandbox_columns + 1, *expected_state);
}

Result<store::TerminalRow> read_terminal(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<TerminalId>(s, 0));
  TRY_ASSIGN(auto sandbox, read_id<SandboxId>(s, 1));
  TRY_ASSIGN(const auto kind, read_enum(s, 3, store::TerminalKind::Pipes));
  std::optional<Exit> exit;
  if (const auto code = s.optional_integer(10)) exit = Exited{static_cast<int>(*code)};
  if (const auto signal = s.optional_integer(11)) exit = Killed{static_cast<int>(*signal)};
  return store::TerminalRow{
      .id = std::move(id),
      .sandbox = std::move(sandbox),
      .owner = s.text(2),
      .kind = kind,
      .argv = unpack_argv(s.text(4)),
      .cwd = s.text(5),
      .size = {static_cast<std::uint16_t>(s.integer(6)), static_cast<std::uint16_t>(s.integer(7))},
      .nonce = s.text(8),
      .running = s.integer(9) != 0,
      .exit = exit,
      .monitored = {static_cast<std::uint64_t>(s.integer(12))},
      .created = time_at(s.integer(13)),
      .ended = time_at(s.optional_integer(14)),
      .title = s.text(15),
      .name = s.text(16)};
}

void bind_terminal(Statement& s, const store::TerminalRow& row, const std::string& argv) {
  std::optional<std::int64_t> code, signal;
  if (row.exit) {
    if (const auto* exited = std::get_if<Exited>(&*row.exit)) code = exited->code;
    if (const auto* killed = std::get_if<Killed>(&*row.exit)) signal = killed->signal;
  }
  s.bind(row.id.str(), row.sandbox.str(), row.owner, static_cast<std::int64_t>(row.kind), Blob{argv}, row.cwd,
         std::int64_t{row.size.cols}, std::int64_t{row.size.rows}, row.nonce, std::int64_t{row.running}, code, signal,
         as_signed(row.monitored.value), nanoseconds(row.created), nanoseconds(row.ended), row.title);
}

Result<store::CommandRow> read_command(const Statement& s) {
  TRY_ASSIGN(auto terminal, read_id<TerminalId>(s, 0));
  TRY_ASSIGN(auto sandbox, read_id<SandboxId>(s, 2));
  return store::CommandRow{.terminal = std::move(terminal),
                           .number = static_cast<std::uint64_t>(s.integer(1)),
                           .sandbox = std::move(sandbox),
                           .owner = s.text(3),
                           .text = s.text(4),
                           .cwd = s.text(5),
                           .exit_code = s.optional_integer(6),
                           .done = s.integer(7) != 0,
                           .started = time_at(s.integer(8)),
                           .duration_ns = s.optional_integer(9),
                           .output_begin = {static_cast<std::uint64_t>(s.integer(10))},
                           .output_end = {static_cast<std::uint64_t>(s.integer(11))},
                           .full_screen = s.integer(12) != 0,
                           .trusted = s.integer(13) != 0};
}

void bind_command(Statement& s, const store::CommandRow& row) {
  s.bind(row.terminal.str(), as_signed(row.number), row.sandbox.str(), row.owner, row.text, row.cwd, row.exit_code,
         std::int64_t{row.done}, nanoseconds(row.started), row.duration_ns, as_signed(row.output_begin.value),
         as_signed(row.output_end.value), std::int64_t{row.full_screen}, std::int64_t{row.trusted});
}

Result<store::KeyRow> read_key(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<KeyId>(s, 0));
  std::optional<TerminalId> terminal;
  if (!s.text(9).empty()) {
    TRY_ASSIGN(terminal, read_id<TerminalId>(s, 9));
  }
  return store::KeyRow{.id = std::move(id),
                       .owner = s.text(1),
                       .label = s.text(2),
                       .hash = s.text(3),
                       .created = time_at(s.integer(4)),
                       .revoked = time_at(s.optional_integer(5)),
                       .scopes = store::Permissions(static_cast<std::uint8_t>(s.integer(6))),
                       .expires = time_at(s.optional_integer(7)),
                       .used = time_at(s.optional_integer(8)),
                       .terminal = std::move(terminal)};
}

Result<std::string> pack_argv(const std::vector<std::string>& argv) {
  std::string out;
  for (const std::string& argument : argv) {
    if (argument.find('\0') != std::string::npos) return fail(Code::InvalidArgument, "An argument holds a zero byte.");
    (out += argument) += '\0';
  }
  return out;
}

std::vector<std::string> unpack_argv(std::string_view packed) {
  std::vector<std::string> argv;
  for (std::size_t at = 0, end; (end = packed.find('\0', at)) != std::string_view::npos; at = end + 1)
    argv.emplace_back(packed.substr(at, end - at));
  return argv;
}

}  // namespace berth::store_sqlite
