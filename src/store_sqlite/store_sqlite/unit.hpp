#pragma once
// Private to store_sqlite: the rows' SQL, on one connection. The same class serves readers (its connection refuses
// writes) and units of work (inside a savepoint of the writer). Its calls stand in unit_<noun>.cpp.

#include "store/store.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

class SqlUnit final : public store::Unit {
 public:
  explicit SqlUnit(Connection& connection) : connection_(connection) {}

  Result<store::SandboxRow> sandbox(const SandboxId& id) override;
  Result<store::SandboxRow> sandbox_named(const std::string& owner, const std::string& name) override;
  Result<store::Page<store::SandboxRow>> sandboxes(const store::SandboxFilter&, const store::PageRequest&) override;
  Result<std::vector<store::SandboxRow>> live_sandboxes() override;
  Result<store::TerminalRow> terminal(const TerminalId& id) override;
  Result<std::vector<store::TerminalRow>> terminals(const SandboxId& sandbox) override;
  Result<store::Page<store::CommandRow>> commands(const store::CommandFilter&, const store::PageRequest&) override;
  Result<std::vector<store::CommandRow>> open_commands(const TerminalId&) override;
  Result<std::vector<store::KeyRow>> keys() override;
  Result<std::optional<std::string>> setting(const std::string& name) override;

  Result<> insert_sandbox(const store::SandboxRow&) override;
  Result<> update_sandbox(const store::SandboxRow&, store::SandboxState expected) override;
  Result<> remove_sandbox(const SandboxId&) override;
  Result<> insert_terminal(const store::TerminalRow&) override;
  Result<> update_terminal(const store::TerminalRow&) override;
  Result<> put_command(const store::CommandRow&) override;
  Result<> insert_key(const store::KeyRow&) override;
  Result<> revoke_key(const KeyId&, WallTime when) override;
  Result<> put_setting(const std::string& name, const std::string& value) override;

 private:
  Connection& connection_;
};

}  // namespace berth::store_sqlite
