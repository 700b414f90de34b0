#pragma once
// The verbs, carried out: each talks to the server of its context, says what came of it and gives the exit code.

#include "cli/context.hpp"
#include "cli/verbs.hpp"

namespace berth::cli {

// run.cpp
Result<int> run(const Context& context, const verb::Run& verb);
Result<int> exec(const Context& context, const verb::Exec& verb);
Result<int> attach(const Context& context, const verb::Attach& verb);
Result<int> show_screen(const Context& context, const verb::ShowScreen& verb);
// sandboxes.cpp
Result<int> list(const Context& context, const verb::List& verb);
Result<int> stop(const Context& context, const verb::Stop& verb);
Result<int> remove(const Context& context, const verb::Remove& verb);
Result<int> pause(const Context& context, const verb::Pause& verb);
Result<int> resume(const Context& context, const verb::Resume& verb);
// stats.cpp
Result<int> stats(const Context& context, const verb::Stats& verb);
// record.cpp
Result<int> history(const Context& context, const verb::History& verb);
Result<int> logs(const Context& context, const verb::Logs& verb);
// replay.cpp
Result<int> replay(const Context& context, const verb::Replay& verb);
// recordings.cpp
Result<int> export_terminal(const Context& context, const verb::TerminalExport& verb);
Result<int> import_terminal(const Context& context, const verb::TerminalImport& verb);
// grep.cpp
Result<int> grep(const Context& context, const verb::Grep& verb);
// terminals.cpp
Result<int> list_terminals(const Context& context, const verb::TerminalList& verb);
Result<int> rename_terminal(const Context& context, const verb::TerminalRename& verb);
Result<int> signal_terminal(const Context& context, const verb::TerminalSignal& verb);
Result<int> resize_terminal(const Context& context, const verb::TerminalResize& verb);
Result<int> close_terminal(const Context& context, const verb::TerminalClose& verb);
// drive.cpp
Result<int> send(const Context& context, const verb::Send& verb);
Result<int> wait(const Context& context, const verb::Wait& verb);
Result<int> command_output(const Context& context, const verb::CommandOutput& verb);
// templates.cpp
Result<int> list_templates(const Context& context);
Result<int> build_template(const Context& context, const verb::TemplateBuild& verb);
Result<int> remove_template(const Context& context, const verb::TemplateRemove& verb);
// Builds `name` with progress when it is not there; "" is the default of this home's configuration.
Result<> ensure_template(const Context& context, std::string name);
// events.cpp
Result<int> show_events(const Context& context, const verb::Events& verb);
// jobs.cpp
Result<int> list_jobs(const Context& context, const verb::JobList& verb);
Result<int> retry_job(const Context& context, const verb::JobRetry& verb);
Result<int> cancel_job(const Context& context, const verb::JobCancel& verb);
// people.cpp
Result<int> add_user(const Context& context, const verb::UserAdd& verb);
Result<int> list_users(const Context& context);
Result<int> change_user(const Context& context, const verb::UserChange& verb);
Result<int> set_user_disabled(const Context& context, const std::string& name, bool disabled);
Result<int> create_key(const Context& context, const verb::KeyCreate& verb);
Result<int> share(const Context& context, const verb::Share& verb);  // share.cpp
Result<int> list_keys(const Context& context, const verb::KeyList& verb);
Result<int> revoke_key(const Context& context, const verb::KeyRevoke& verb);
// sessions.cpp
Result<int> list_sessions(const Context& context, const verb::SessionList& verb);
Result<int> show_session(const Context& context, const verb::SessionShow& verb);
Result<int> new_session(const Context& context, const verb::SessionNew& verb);
Result<int> open_session(const Context& context, const verb::SessionOpen& verb);
Result<int> save_session(const Context& context, const verb::SessionSave& verb);
Result<int> copy_session(const Context& context, const verb::SessionCopy& verb);
Result<int> rename_session(const Context& context, const verb::SessionRename& verb);
Result<int> tag_session(const Context& context, const verb::SessionTag& verb);
Result<int> close_sessions(const Context& context, const verb::SessionClose& verb);
Result<int> resume_sessions(const Context& context, const verb::SessionResume& verb);
Result<int> remove_sessions(const Context& context, const verb::SessionRemove& verb);
Result<int> session_history(const Context& context, const verb::SessionHistory& verb);
Result<int> restore_session(const Context& context, const verb::SessionRestore& verb);
Result<int> diff_session(const Context& context, const verb::SessionDiff& verb);
Result<int> session_log(const Context& context, const verb::SessionLog& verb);
Result<int> clean_sessions(const Context& context, const verb::SessionClean& verb);
// snapshots.cpp, snapshot_files.cpp, visits.cpp
Result<int> create_snapshot(const Context& context, const verb::SnapshotCreate& verb);
Result<int> list_snapshots(const Context& context, const verb::SnapshotList& verb);
Result<int> show_snapshot(const Context& context, const verb::SnapshotShow& verb);
Result<int> share_snapshot(const Context& context, const verb::SnapshotShare& verb);
Result<int> unshare_snapshot(const Context& context, const verb::SnapshotUnshare& verb);
Result<int> open_snapshot(const Context& context, const verb::SnapshotOpen& verb);
Result<int> export_snapshot(const Context& context, const verb::SnapshotExport& verb);
Result<int> import_snapshot(const Context& context, const verb::SnapshotImport& verb);
Result<int> verify_snapshot(const Context& context, const verb::SnapshotVerify& verb);
Result<int> remove_snapshots(const Context& context, const verb::SnapshotRemove& verb);
Result<int> list_visits(const Context& context, const verb::VisitList& verb);
Result<int> remove_visits(const Context& context, const verb::VisitRemove& verb);
// secret.cpp
Result<int> show_secret_id(const Context& context);
Result<int> export_secret(const Context& context, const verb::SecretExport& verb);
Result<int> import_secret(const Context& context, const verb::SecretImport& verb);
Result<int> rotate_secret(const Context& context);
Result<int> create_backup(const Context& context, const verb::BackupCreate& verb);
Result<int> verify_backup(const Context& context, const verb::BackupVerify& verb);
Result<int> restore_backup(const Context& context, const verb::BackupRestore& verb);
// terminal_parse.cpp
Result<int> parse_terminal(const Context& context, const verb::TerminalParse& verb);
// terminal_render.cpp
Result<int> render_terminal(const Context& context, const verb::TerminalRender& verb);
// journal_check.cpp
Result<int> check_journals(const Context& context, const verb::JournalCheck& verb);
// settings.cpp
Result<int> show_settings(const Context& context);
Result<int> check_settings(const Context& context);

}  // namespace berth::cli
