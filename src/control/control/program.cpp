#include "control/program.hpp"

#include "wire/shells.hpp"

namespace berth::control {

bool is_integrated_shell(const StartTerminal& wanted) {
  if (wanted.kind != store::TerminalKind::Pty || !wanted.shell_integration) return false;
  if (wanted.argv.empty()) return true;
  return wire::shell_call(wanted.argv).has_value();
}

wire::StartProcess make_process(const store::TerminalRow& row, const std::map<std::string, std::string>& sandbox_env,
                                const std::map<std::string, std::string>& env) {
  wire::StartProcess process;
  for (const auto& argument : row.argv) process.add_argv(argument);
  for (const auto* variables : {&sandbox_env, &env})
    for (const auto& [name, value] : *variables) {
      auto& variable = *process.add_env();
      variable.set_name(name);
      variable.set_value(value);
    }
  process.set_cwd(row.cwd);
  process.set_pty(row.kind == store::TerminalKind::Pty);
  if (process.pty()) {
    process.mutable_size()->set_cols(row.size.cols);
    process.mutable_size()->set_rows(row.size.rows);
  }
  if (!row.nonce.empty()) {
    process.mutable_shell()->set_enabled(true);
    process.mutable_shell()->set_nonce(row.nonce);
  }
  return process;
}

}  // namespace berth::control
