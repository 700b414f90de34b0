#pragma once
// Only for tests: a unit of work in which nothing is, and which takes everything and keeps nothing. A test's own store in
// memory derives from it and overrides the nouns that it is about.
//
// Example:
//   class OnlySettings final : public store::EmptyUnit {
//     Result<std::optional<std::string>> setting(const std::string& name) override { return name; }
//   };

#include "store/store.hpp"

namespace berth::store {

class EmptyUnit : public Unit {
 public:
  Result<SandboxRow> sandbox(const SandboxId&) override { return absent(); }
  Result<SandboxRow> sandbox_named(const std::string&, const std::string&) override { return absent(); }
  Result<Page<SandboxRow>> sandboxes(const SandboxFilter&, const PageRequest&) override { return Page<SandboxRow>{}; }
  Result<std::vector<SandboxRow>> live_sandboxes() override { return std::vector<SandboxRow>{}; }
  Result<> insert_sandbox(const SandboxRow&) override { return {}; }
  Result<> update_sandbox(const SandboxRow&, SandboxState) override { return {}; }
  Result<> remove_sandbox(const SandboxId&) override { return {}; }

  Result<TerminalRow> terminal(const TerminalId&) override { return absent(); }
  Result<std::vector<TerminalRow>> terminals(const SandboxId&) override { return std::vector<TerminalRow>{}; }
  Result<TerminalRow> terminal_named(const SandboxId&, const std::string&) override { return absent(); }
  Result<CommandRow> command(const TerminalId&, std::uint64_t) override { return absent(); }
  Result<CommandRow> command_at(const TerminalId&, ByteOffset) override { return absent(); }
  Result<> rename_terminal(const TerminalId&, const std::string&) override { return {}; }
  Result<Page<CommandRow>> commands(const CommandFilter&, const PageRequest&) override { return Page<CommandRow>{}; }
  Result<std::vector<CommandRow>> open_commands(const TerminalId&) override { return std::vector<CommandRow>{}; }
  Result<std::optional<bool>> command_done(const TerminalId&, std::uint64_t) override { return std::nullopt; }
  Result<std::vector<TerminalId>> terminals_ended(WallTime, std::uint32_t) override { return std::vector<TerminalId>{}; }
  Result<> forget_terminal(const TerminalId&) override { return {}; }
  Result<> insert_terminal(const TerminalRow&) override { return {}; }
  Result<> update_terminal(const TerminalRow&) override { return {}; }
  Result<> put_command(const CommandRow&) override { return {}; }

  Result<std::vector<UserRow>> users() override { return std::vector<UserRow>{}; }
  Result<std::vector<KeyRow>> keys() override { return std::vector<KeyRow>{}; }
  Result<> insert_user(const UserRow&) override { return {}; }
  Result<> update_user(const UserRow&) override { return absent(); }
  Result<> insert_key(const KeyRow&) override { return {}; }
  Result<> revoke_key(const KeyId&, WallTime) override { return {}; }
  Result<> set_key_used(const KeyId&, WallTime) override { return {}; }

  Result<JobRow> job(const JobId&) override { return absent(); }
  Result<Page<JobRow>> jobs(const JobFilter&, const PageRequest&) override { return Page<JobRow>{}; }
  Result<JobCounts> job_counts(WallTime) override { return JobCounts{}; }
  Result<std::optional<WallTime>> next_job() override { return std::nullopt; }
  Result<> insert_job(const JobRow&) override { return {}; }
  Result<std::optional<JobRow>> claim_job(const std::string&, WallTime, WallTime) override { return std::nullopt; }
  Result<> renew_job(const JobId&, const std::string&, WallTime) override { return {}; }
  Result<> end_attempt(const JobRow&, const std::string&) override { return {}; }
  Result<> cancel_job(const JobId&, WallTime) override { return {}; }
  Result<> retry_job(const JobId&, WallTime) override { return {}; }
  Result<std::uint64_t> forget_jobs(WallTime) override { return std::uint64_t{0}; }

  Result<std::vector<EventRow>> events(const EventFilter&, std::uint64_t, std::uint32_t) override {
    return std::vector<EventRow>{};
  }
  Result<EventRange> event_range(const std::string&) override { return EventRange{}; }
  Result<std::vector<EventCut>> events_to_forget(WallTime, std::uint64_t) override { return std::vector<EventCut>{}; }
  Result<std::optional<AuditRow>> last_audit() override { return std::nullopt; }
  Result<std::vector<AuditRow>> audit(std::uint64_t, std::uint32_t) override { return std::vector<AuditRow>{}; }
  Result<> append_audit(const AuditRow&) override { return {}; }
  Result<std::uint64_t> append_event(const EventRow&) override { return std::uint64_t{0}; }
  Result<std::uint64_t> forget_events(const EventCut&, std::uint32_t) override { return std::uint64_t{0}; }

  Result<SessionRow> session(const SessionId&) override { return absent(); }
  Result<SessionPage> sessions(const SessionFilter&, const std::optional<SessionPosition>&,
                                      std::uint32_t) override {
    return SessionPage{};
  }
  Result<SessionCounts> session_counts(const std::string&) override { return SessionCounts{}; }
  Result<std::vector<RevisionRow>> revisions_for(const SessionId&, std::uint64_t) override { return std::vector<RevisionRow>{}; }
  Result<std::vector<RevisionRow>> session_history(const SessionId&, std::uint64_t, std::uint32_t) override { return std::vector<RevisionRow>{}; }
  Result<std::vector<LogRow>> log_entries(const SessionId&, SessionLog, std::uint64_t, std::uint32_t) override {
    return std::vector<LogRow>{};
  }
  Result<std::uint64_t> log_end(const SessionId&, SessionLog) override { return 0u; }
  Result<std::optional<LogRow>> log_entry_of(const SessionId&, SessionLog, const std::string&) override {
    return std::nullopt;
  }
  Result<std::optional<IdempotencyRow>> idempotency(const std::string&, const std::string&) override { return std::nullopt; }
  Result<> insert_session(const SessionRow&) override { return {}; }
  Result<> update_session(const SessionRow&, std::uint64_t, SessionState) override { return {}; }
  Result<> advance_session(const SessionRow&, std::uint64_t, SessionState) override { return {}; }
  Result<> mark_session_damaged(const SessionId&) override { return {}; }
  Result<> remove_session(const SessionId&) override { return {}; }
  Result<> insert_revision(const RevisionRow&) override { return {}; }
  Result<> prune_revisions(const SessionId&, std::uint64_t) override { return {}; }
  Result<> insert_log_entry(const LogRow&) override { return {}; }
  Result<> put_idempotency(const IdempotencyRow&, WallTime) override { return {}; }

  Result<SnapshotRow> snapshot(const SnapshotId&) override { return absent(); }
  Result<SnapshotPage> snapshots(const SnapshotFilter&, const std::optional<SnapshotPosition>&, std::uint32_t) override {
    return SnapshotPage{};
  }
  Result<SnapshotCounts> snapshot_counts(const std::string&) override { return SnapshotCounts{}; }
  Result<std::vector<SnapshotRow>> snapshots_in(SnapshotState, std::uint32_t) override { return std::vector<SnapshotRow>{}; }
  Result<std::vector<AccessRow>> accesses(const SnapshotId&) override { return std::vector<AccessRow>{}; }
  Result<VisitPage> visits(const VisitFilter&, const std::optional<SnapshotPosition>&, std::uint32_t) override { return VisitPage{}; }
  Result<VisitTotals> visit_totals(const SnapshotId&) override { return VisitTotals{}; }
  Result<> insert_snapshot(const SnapshotRow&) override { return {}; }
  Result<> update_snapshot(const SnapshotRow&, SnapshotState) override { return {}; }
  Result<> remove_snapshot(const SnapshotId&) override { return {}; }
  Result<> insert_access(const AccessRow&) override { return {}; }
  Result<> revoke_access(const SnapshotId&, const AccessId&, WallTime) override { return absent(); }
  Result<bool> use_access(const SnapshotId&, const std::string&, WallTime) override { return false; }
  Result<Visited> count_visit(const NewVisit&) override { return Visited{}; }
  Result<> hide_visit(const std::string&, const SnapshotId&) override { return absent(); }
  Result<std::uint64_t> mark_visits_gone(const SnapshotId&, std::uint32_t) override { return std::uint64_t{0}; }

  Result<std::optional<std::string>> setting(const std::string&) override { return std::nullopt; }
  Result<> check() override { return {}; }
  Result<> put_setting(const std::string&, const std::string&) override { return {}; }

 private:
  static std::unexpected<Error> absent() { return fail(Code::NotFound, "There is no such row."); }
};

}  // namespace berth::store
