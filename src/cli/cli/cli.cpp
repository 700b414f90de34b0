#include "cli/cli.hpp"

#include <algorithm>

#include "cli/actions.hpp"
#include "cli/completion.hpp"
#include "cli/doctor.hpp"
#include "cli/grammar.hpp"
#include "cli/help.hpp"
#include "cli/server.hpp"
#include "config/config.hpp"

namespace berth::cli {
namespace {

// One call per verb; a verb without one does not compile.
struct Performer {
  const Context& context;

  Result<int> operator()(const verb::Serve& v) const { return serve(context, v); }
  Result<int> operator()(const verb::ServerStart& v) const { return server_start(context, v); }
  Result<int> operator()(const verb::ServerUpgrade& v) const { return server_upgrade(context, v); }
  Result<int> operator()(const verb::ServerStop& v) const { return server_stop(context, v); }
  Result<int> operator()(const verb::ServerStatus&) const { return server_status(context); }
  Result<int> operator()(const verb::Run& v) const { return run(context, v); }
  Result<int> operator()(const verb::Exec& v) const { return exec(context, v); }
  Result<int> operator()(const verb::Attach& v) const { return attach(context, v); }
  Result<int> operator()(const verb::ShowScreen& v) const { return show_screen(context, v); }
  Result<int> operator()(const verb::List& v) const { return list(context, v); }
  Result<int> operator()(const verb::History& v) const { return history(context, v); }
  Result<int> operator()(const verb::Grep& v) const { return grep(context, v); }
  Result<int> operator()(const verb::TerminalList& v) const { return list_terminals(context, v); }
  Result<int> operator()(const verb::TerminalRename& v) const { return rename_terminal(context, v); }
  Result<int> operator()(const verb::TerminalSignal& v) const { return signal_terminal(context, v); }
  Result<int> operator()(const verb::TerminalResize& v) const { return resize_terminal(context, v); }
  Result<int> operator()(const verb::TerminalClose& v) const { return close_terminal(context, v); }
  Result<int> operator()(const verb::Replay& v) const { return replay(context, v); }
  Result<int> operator()(const verb::Logs& v) const { return logs(context, v); }
  Result<int> operator()(const verb::Send& v) const { return send(context, v); }
  Result<int> operator()(const verb::Wait& v) const { return wait(context, v); }
  Result<int> operator()(const verb::CommandOutput& v) const { return command_output(context, v); }
  Result<int> operator()(const verb::Stop& v) const { return stop(context, v); }
  Result<int> operator()(const verb::Remove& v) const { return remove(context, v); }
  Result<int> operator()(const verb::Pause& v) const { return pause(context, v); }
  Result<int> operator()(const verb::Resume& v) const { return resume(context, v); }
  Result<int> operator()(const verb::Stats& v) const { return stats(context, v); }
  Result<int> operator()(const verb::TemplateList&) const { return list_templates(context); }
  Result<int> operator()(const verb::TemplateBuild& v) const { return build_template(context, v); }
  Result<int> operator()(const verb::TemplateRemove& v) const { return remove_template(context, v); }
  Result<int> operator()(const verb::Events& v) const { return show_events(context, v); }
  Result<int> operator()(const verb::JobList& v) const { return list_jobs(context, v); }
  Result<int> operator()(const verb::JobRetry& v) const { return retry_job(context, v); }
  Result<int> operator()(const verb::JobCancel& v) const { return cancel_job(context, v); }
  Result<int> operator()(const verb::UserAdd& v) const { return add_user(context, v); }
  Result<int> operator()(const verb::UserList&) const { return list_users(context); }
  Result<int> operator()(const verb::UserChange& v) const { return change_user(context, v); }
  Result<int> operator()(const verb::UserDisable& v) const { return set_user_disabled(context, v.name, true); }
  Result<int> operator()(const verb::UserEnable& v) const { return set_user_disabled(context, v.name, false); }
  Result<int> operator()(const verb::KeyCreate& v) const { return create_key(context, v); }
  Result<int> operator()(const verb::Share& v) const { return share(context, v); }
  Result<int> operator()(const verb::KeyList& v) const { return list_keys(context, v); }
  Result<int> operator()(const verb::KeyRevoke& v) const { return revoke_key(context, v); }
  Result<int> operator()(const verb::ConfigShow&) const { return show_settings(context); }
  Result<int> operator()(const verb::ConfigCheck&) const { return check_settings(context); }
  Result<int> operator()(const verb::ConfigReference&) const { return print(config::reference_markdown()); }
  Result<int> operator()(const verb::Doctor&) const { return doctor(context); }
  Result<int> operator()(const verb::JournalCheck& v) const { return check_journals(context, v); }
  Result<int> operator()(const verb::TerminalParse& v) const { return parse_terminal(context, v); }
  Result<int> operator()(const verb::TerminalRender& v) const { return render_terminal(context, v); }
  Result<int> operator()(const verb::TerminalExport& v) const { return export_terminal(context, v); }
  Result<int> operator()(const verb::TerminalImport& v) const { return import_terminal(context, v); }
  Result<int> operator()(const verb::SessionList& v) const { return list_sessions(context, v); }
  Result<int> operator()(const verb::SessionShow& v) const { return show_session(context, v); }
  Result<int> operator()(const verb::SessionNew& v) const { return new_session(context, v); }
  Result<int> operator()(const verb::SessionOpen& v) const { return open_session(context, v); }
  Result<int> operator()(const verb::SessionSave& v) const { return save_session(context, v); }
  Result<int> operator()(const verb::SessionCopy& v) const { return copy_session(context, v); }
  Result<int> operator()(const verb::SessionRename& v) const { return rename_session(context, v); }
  Result<int> operator()(const verb::SessionTag& v) const { return tag_session(context, v); }
  Result<int> operator()(const verb::SessionClose& v) const { return close_sessions(context, v); }
  Result<int> operator()(const verb::SessionResume& v) const { return resume_sessions(context, v); }
  Result<int> operator()(const verb::SessionRemove& v) const { return remove_sessions(context, v); }
  Result<int> operator()(const verb::SessionHistory& v) const { return session_history(context, v); }
  Result<int> operator()(const verb::SessionRestore& v) const { return restore_session(context, v); }
  Result<int> operator()(const verb::SessionDiff& v) const { return diff_session(context, v); }
  Result<int> operator()(const verb::SessionLog& v) const { return session_log(context, v); }
  Result<int> operator()(const verb::SessionClean& v) const { return clean_sessions(context, v); }
  Result<int> operator()(const verb::SecretExport& v) const { return export_secret(context, v); }
  Result<int> operator()(const verb::SecretImport& v) const { return import_secret(context, v); }
  Result<int> operator()(const verb::SecretShowId&) const { return show_secret_id(context); }
  Result<int> operator()(const verb::SecretRotate&) const { return rotate_secret(context); }
  Result<int> operator()(const verb::SnapshotCreate& v) const { return create_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotList& v) const { return list_snapshots(context, v); }
  Result<int> operator()(const verb::SnapshotShow& v) const { return show_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotShare& v) const { return share_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotUnshare& v) const { return unshare_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotOpen& v) const { return open_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotExport& v) const { return export_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotImport& v) const { return import_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotVerify& v) const { return verify_snapshot(context, v); }
  Result<int> operator()(const verb::SnapshotRemove& v) const { return remove_snapshots(context, v); }
  Result<int> operator()(const verb::VisitList& v) const { return list_visits(context, v); }
  Result<int> operator()(const verb::VisitRemove& v) const { return remove_visits(context, v); }
  Result<int> operator()(const verb::BackupCreate& v) const { return create_backup(context, v); }
  Result<int> operator()(const verb::BackupVerify& v) const { return verify_backup(context, v); }
  Result<int> operator()(const verb::BackupRestore& v) const { return restore_backup(context, v); }
  Result<int> operator()(const verb::Completion& v) const { return print(completion_script(v.shell, grammar_tree())); }
  Result<int> operator()(const verb::Reference& v) const {
    if (v.form == "settings-man") return print(settings_man());
    return print(v.form == "man" ? reference_man(grammar_tree()) : reference_markdown(grammar_tree()));
  }
  Result<int> operator()(const verb::Version&) const { return version(context); }

  int print(const std::string& text) const {
    context.output.print(text);
    return Success;
  }
};

// Also for words that could not be understood: did they ask for JSON?
bool wants_json(const std::vector<std::string>& words) {
  auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace

int main(const std::vector<std::string>& words, const std::vector<std::string>& environment,
         const Dependencies& dependencies) {
  Output output(wants_json(words), {});
  auto parsed = parse(words);
  if (!parsed) return output.fail(parsed.error());
  if (auto* help = std::get_if<HelpText>(&*parsed)) {
    output.print(help->text);
    return Success;
  }
  auto& invocation = std::get<Invocation>(*parsed);
  SystemClock clock;
  auto context = Context::open(std::move(invocation.global), environment, dependencies, clock);
  if (!context) return output.fail(context.error());
  auto code = std::visit(Performer{*context}, invocation.verb);
  return code ? *code : output.fail(code.error());
}

}  // namespace berth::cli
