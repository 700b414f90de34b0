#pragma once
// Private to store_sqlite: the rows' SQL, on one connection. The same class serves readers (its connection refuses
// writes) and units of work (inside a savepoint of the writer). Its calls stand in unit_<noun>.cpp.

#include "store/store.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

class SqlUnit final : public store::Unit {
 public:
  explicit SqlUnit(Connection& connection) : connection_(connection) {}

  using Events = std::vector<std::shared_ptr<const store::EventRow>>;
  [[nodiscard]] Events take_events() { return std::move(events_); }  // that the unit added, with their ids

  Result<store::SandboxRow> sandbox(const SandboxId& id) override;
  Result<store::SandboxRow> sandbox_named(const std::string& owner, const std::string& name) override;
  Result<store::Page<store::SandboxRow>> sandboxes(const store::SandboxFilter&, const store::PageRequest&) override;
  Result<std::vector<store::SandboxRow>> live_sandboxes() override;
  Result<store::TerminalRow> terminal(const TerminalId& id) override;
  Result<std::vector<store::TerminalRow>> terminals(const SandboxId& sandbox) override;
  Result<store::TerminalRow> terminal_named(const SandboxId& sandbox, const std::string& name) override;
  Result<store::CommandRow> command(const TerminalId&, std::uint64_t number) override;
  Result<store::CommandRow> command_at(const TerminalId&, ByteOffset) override;
  Result<store::Page<store::CommandRow>> commands(const store::CommandFilter&, const store::PageRequest&) override;
  Result<std::vector<store::CommandRow>> open_commands(const TerminalId&) override;
  Result<std::optional<bool>> command_done(const TerminalId&, std::uint64_t number) override;
  Result<std::vector<TerminalId>> terminals_ended(WallTime before, std::uint32_t limit) override;
  Result<std::vector<store::UserRow>> users() override;
  Result<std::vector<store::KeyRow>> keys() override;
  Result<std::optional<std::string>> setting(const std::string& name) override;
  Result<store::SessionRow> session(const SessionId& id) override;
  Result<store::SessionPage> sessions(const store::SessionFilter&, const std::optional<store::SessionPosition>& after,
                                      std::uint32_t limit) override;
  Result<store::SessionCounts> session_counts(const std::string& owner) override;
  Result<std::vector<store::RevisionRow>> revisions_for(const SessionId&, std::uint64_t version) override;
  Result<std::vector<store::RevisionRow>> session_history(const SessionId&, std::uint64_t before,
                                                          std::uint32_t limit) override;
  Result<std::vector<store::LogRow>> log_entries(const SessionId&, store::SessionLog, std::uint64_t from,
                                                 std::uint32_t limit) override;
  Result<std::uint64_t> log_end(const SessionId&, store::SessionLog) override;
  Result<std::optional<store::LogRow>> log_entry_of(const SessionId&, store::SessionLog,
                                                    const std::string& client_id) override;
  Result<std::optional<store::IdempotencyRow>> idempotency(const std::string& owner, const std::string& key) override;
  Result<> check() override;

  Result<store::JobRow> job(const JobId& id) override;
  Result<store::Page<store::JobRow>> jobs(const store::JobFilter&, const store::PageRequest&) override;
  Result<store::JobCounts> job_counts(WallTime now) override;
  Result<std::optional<WallTime>> next_job() override;

  Result<std::vector<store::EventRow>> events(const store::EventFilter&, std::uint64_t after,
                                              std::uint32_t limit) override;
  Result<store::EventRange> event_range(const std::string& owner) override;
  Result<std::vector<store::EventCut>> events_to_forget(WallTime before, std::uint64_t most) override;
  Result<std::optional<store::AuditRow>> last_audit() override;
  Result<std::vector<store::AuditRow>> audit(std::uint64_t after, std::uint32_t limit) override;
  Result<> append_audit(const store::AuditRow&) override;
  Result<std::uint64_t> append_event(const store::EventRow&) override;
  Result<std::uint64_t> forget_events(const store::EventCut& cut, std::uint32_t limit) override;

  Result<> insert_sandbox(const store::SandboxRow&) override;
  Result<> update_sandbox(const store::SandboxRow&, store::SandboxState expected) override;
  Result<> remove_sandbox(const SandboxId&) override;
  Result<> insert_terminal(const store::TerminalRow&) override;
  Result<> update_terminal(const store::TerminalRow&) override;
  Result<> rename_terminal(const TerminalId&, const std::string& name) override;
  Result<> put_command(const store::CommandRow&) override;
  Result<> forget_terminal(const TerminalId&) override;
  Result<> insert_user(const store::UserRow&) override;
  Result<> update_user(const store::UserRow&) override;
  Result<> insert_key(const store::KeyRow&) override;
  Result<> revoke_key(const KeyId&, WallTime when) override;
  Result<> set_key_used(const KeyId&, WallTime when) override;
  Result<> insert_job(const store::JobRow&) override;
  Result<std::optional<store::JobRow>> claim_job(const std::string& worker, WallTime now, WallTime lease) override;
  Result<> renew_job(const JobId&, const std::string& worker, WallTime lease) override;
  Result<> end_attempt(const store::JobRow& row, const std::string& worker) override;
  Result<> cancel_job(const JobId&, WallTime now) override;
  Result<> retry_job(const JobId&, WallTime now) override;
  Result<std::uint64_t> forget_jobs(WallTime before) override;
  Result<> put_setting(const std::string& name, const std::string& value) override;
  Result<> insert_session(const store::SessionRow&) override;
  Result<> update_session(const store::SessionRow&, std::uint64_t expected_version,
                          store::SessionState expected_state) override;
  Result<> advance_session(const store::SessionRow&, std::uint64_t expected_version,
                           store::SessionState expected_state) override;
  Result<> mark_session_damaged(const SessionId&) override;
  Result<> remove_session(const SessionId&) override;
  Result<> insert_revision(const store::RevisionRow&) override;
  Result<> prune_revisions(const SessionId&, std::uint64_t oldest) override;
  Result<> insert_log_entry(const store::LogRow&) override;
  Result<> put_idempotency(const store::IdempotencyRow&, WallTime forget) override;

  Result<store::SnapshotRow> snapshot(const SnapshotId& id) override;
  Result<store::SnapshotPage> snapshots(const store::SnapshotFilter&, const std::optional<store::SnapshotPosition>& after,
                                        std::uint32_t limit) override;
  Result<store::SnapshotCounts> snapshot_counts(const std::string& owner) override;
  Result<std::vector<store::SnapshotRow>> snapshots_in(store::SnapshotState state, std::uint32_t limit) override;
  Result<std::vector<store::AccessRow>> accesses(const SnapshotId&) override;
  Result<store::VisitPage> visits(const store::VisitFilter&, const std::optional<store::SnapshotPosition>& after,
                                  std::uint32_t limit) override;
  Result<store::VisitTotals> visit_totals(const SnapshotId&) override;
  Result<> insert_snapshot(const store::SnapshotRow&) override;
  Result<> update_snapshot(const store::SnapshotRow&, store::SnapshotState expected) override;
  Result<> remove_snapshot(const SnapshotId&) override;
  Result<> insert_access(const store::AccessRow&) override;
  Result<> revoke_access(const SnapshotId&, const AccessId&, WallTime when) override;
  Result<bool> use_access(const SnapshotId&, const std::string& hash, WallTime now) override;
  Result<store::Visited> count_visit(const store::NewVisit&) override;
  Result<> hide_visit(const std::string& visitor, const SnapshotId&) override;
  Result<std::uint64_t> mark_visits_gone(const SnapshotId&, std::uint32_t limit) override;

 private:
  Result<> session_moved_on(const SessionId& id);  // why no row was changed
  Result<store::Page<store::CommandRow>> filtered_commands(const store::CommandFilter&, const store::PageRequest&);

  Connection& connection_;
  Events events_;
};

}  // namespace berth::store_sqlite
