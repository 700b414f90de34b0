// `berth session …`, `berth secret …` and `berth backup …`.
#include "cli/grammar_builder.hpp"
#include "cli/grammar_verbs.hpp"

namespace berth::cli {
namespace {

template <class V>
void add_session(Builder<V>& b) {
  b.option("SESSION", &V::session, "", "Id or title")->required();
}

template <class V>
void add_sessions(Builder<V>& b) {
  b.option("SESSION", &V::sessions, "", "Ids or titles")->required();
}

void add_looking(CLI::App& group, Store& store) {
  Builder<verb::SessionList> list(group, store, "ls", "List your sessions",
                                  "berth session ls\nberth session ls --sort title --state closed --json");
  list.option("--title", &verb::SessionList::title, "TEXT", "Only with this in the title");
  list.option("--tag", &verb::SessionList::tag, "TAG", "Only with this tag");
  list.choice(store, "--state", &verb::SessionList::state, {"active", "closed"}, "Only in this state");
  list.choice(store, "--sort", &verb::SessionList::sort, {"title", "created", "updated"}, "By what");
  list.option("--limit", &verb::SessionList::limit, "N", "At most so many");
  Builder<verb::SessionShow> show(group, store, "show", "A session, without its document", "berth session show Plan");
  add_session(show);
  Builder<verb::SessionHistory> history(group, store, "history", "Its versions, newest first", "berth session history Plan");
  add_session(history);
  history.option("--limit", &verb::SessionHistory::limit, "N", "At most so many");
  Builder<verb::SessionDiff> diff(group, store, "diff", "What changed from one version to another, as JSON Patch",
                                  "berth session diff Plan 3\nberth session diff Plan 3 5");
  add_session(diff);
  diff.option("FROM", &verb::SessionDiff::from, "", "Version")->required();
  diff.option("TO", &verb::SessionDiff::to, "", "Version; the newest when absent");
  Builder<verb::SessionLog> log(group, store, "log", "Entries of a log, a line each",
                                "berth session log Plan\nberth session log Plan --log usage --from 40");
  add_session(log);
  log.choice(store, "--log", &verb::SessionLog::log, {"conversation", "prompts", "usage"}, "Which one");
  log.option("--from", &verb::SessionLog::from, "N", "Place of the first one");
  log.option("--limit", &verb::SessionLog::limit, "N", "At most so many");
}

void add_writing(CLI::App& group, Store& store) {
  Builder<verb::SessionNew> make(group, store, "new", "Make a session", "berth session new Plan --tag work\nberth session new Plan --file plan.json");
  make.option("TITLE", &verb::SessionNew::title, "", "1 to 50 characters")->required();
  make.option("--description", &verb::SessionNew::description, "TEXT", "Up to 250 characters");
  make.each("--tag", "TAG", "A tag; may be repeated", [](verb::SessionNew& v, const std::string& text) { v.tags.push_back(text); });
  make.option("--sandbox", &verb::SessionNew::sandbox, "SANDBOX", "Name or id of the one that it works in");
  make.option("--file", &verb::SessionNew::file, "FILE", "Its document; - is stdin, {} when absent");
  Builder<verb::SessionOpen> open(group, store, "open", "Print the document; into a file it is noted which version that was",
                                  "berth session open Plan\nberth session open Plan -o plan.json");
  add_session(open);
  open.option("-o,--output", &verb::SessionOpen::output, "FILE", "Where to; stdout when absent");
  open.option("--at", &verb::SessionOpen::version, "N", "An older version");
  Builder<verb::SessionSave> save(group, store, "save", "Save a document, made from the version that was opened",
                                  "berth session save plan.json\nberth session save plan.json --session Plan --from 7");
  save.option("FILE", &verb::SessionSave::file, "", "The document; - is stdin")->required();
  save.option("--session", &verb::SessionSave::session, "SESSION", "Id or title; the one that was opened into the file when absent");
  save.option("--from", &verb::SessionSave::from, "N", "The version that it was made from; the one that was opened when absent");
  Builder<verb::SessionCopy> copy(group, store, "copy", "Save as: a new session with the same document", "berth session copy Plan \"Plan B\"");
  add_session(copy);
  copy.option("TITLE", &verb::SessionCopy::title, "", "Of the new one")->required();
  Builder<verb::SessionRename> rename(group, store, "rename", "Give a session another title", "berth session rename Plan \"Plan A\"");
  add_session(rename);
  rename.option("TITLE", &verb::SessionRename::title, "", "1 to 50 characters")->required();
  rename.option("--description", &verb::SessionRename::description, "TEXT", "Up to 250 characters");
  Builder<verb::SessionTag> tag(group, store, "tag", "Set the tags of a session; none takes them away", "berth session tag Plan work urgent");
  add_session(tag);
  tag.option("TAG", &verb::SessionTag::tags, "", "All that it has then");
  Builder<verb::SessionRestore> restore(group, store, "restore", "Make an older version the newest", "berth session restore Plan 3");
  add_session(restore);
  restore.option("VERSION", &verb::SessionRestore::version, "", "Which one")->required();
}

void add_life(CLI::App& group, Store& store) {
  Builder<verb::SessionClose> close(group, store, "close", "Close sessions: kept, and counted as active no more", "berth session close Plan");
  add_sessions(close);
  Builder<verb::SessionResume> resume(group, store, "resume", "Go on with closed sessions", "berth session resume Plan");
  add_sessions(resume);
  Builder<verb::SessionRemove> rm(group, store, "rm", "Remove sessions with all that they hold", "berth session rm Plan");
  add_sessions(rm);
  Builder<verb::SessionClean> clean(group, store, "clean", "Remove closed sessions that are old, or beyond so many",
                                    "berth session clean --older 90d --dry-run\nberth session clean --keep 50");
  add_time(clean, "--older", &verb::SessionClean::older, "Those that were not changed for so long; whole days");
  clean.option("--keep", &verb::SessionClean::keep, "N", "All but so many of the newest");
  clean.flag("--dry-run", &verb::SessionClean::dry_run, "Only say which ones");
}

template <class V>
CLI::Option* add_passphrase_file(Builder<V>& b, const std::string& help) {
  return b.parsed("--passphrase-file", "FILE", help, [](V& v, const std::string& text) { v.passphrase.file = text; });
}

void add_backups(CLI::App& root, Store& store) {
  auto* backups = root.add_subcommand("backup", "All of a home in one file, and back");
  backups->fallthrough()->require_subcommand(1);
  Builder<verb::BackupCreate> create(*backups, store, "create", "Write all of this home into a new file, also while its server runs",
                                     "berth backup create /srv/berth.backup\n"
                                     "berth backup create --passphrase-file /run/secrets/words /srv/berth-$(date +%F).backup");
  create.option("FILE", &verb::BackupCreate::file, "", "Must not exist")->required();
  create.flag("--templates", &verb::BackupCreate::templates, "The templates, too; they can be built again");
  add_passphrase_file(create, "First line: the passphrase that seals the secrets; asked for when absent; - is stdin, /dev/fd/3 a descriptor");
  Builder<verb::BackupVerify> verify(*backups, store, "verify", "Read all of a backup and say whether it is whole, and whose it is",
                                     "berth backup verify /srv/berth.backup\nberth backup verify --passphrase /srv/berth.backup");
  verify.option("FILE", &verb::BackupVerify::file, "", "Of berth backup create")->required();
  verify.flag("--passphrase", &verb::BackupVerify::opened, "Open the secrets, too, with the passphrase, which is asked for");
  verify.parsed("--passphrase-file", "FILE", "The same, with the first line of this file", [](verb::BackupVerify& v, const std::string& text) {
    v.passphrase.file = text, v.opened = true;
  });
  Builder<verb::BackupRestore> restore(*backups, store, "restore", "Make a home of a backup: this one, which must be empty or not there",
                                       "berth --home /srv/berth backup restore /srv/berth.backup");
  restore.option("FILE", &verb::BackupRestore::file, "", "Of berth backup create")->required();
  add_passphrase_file(restore, "First line: the passphrase; asked for when absent; - is stdin");
}

}  // namespace

void add_session_verbs(CLI::App& root, Store& store) {
  auto* sessions = root.add_subcommand("session", "Documents of your work, versioned and never lost");
  sessions->fallthrough()->require_subcommand(1);
  add_looking(*sessions, store);
  add_writing(*sessions, store);
  add_life(*sessions, store);

  auto* secret = root.add_subcommand("secret", "The machine's keys of this home, which open everything that is sealed");
  secret->fallthrough()->require_subcommand(1);
  Builder<verb::SecretShowId>(*secret, store, "show-id", "Which keys there are: number and fingerprint", "berth secret show-id");
  Builder<verb::SecretExport> out(*secret, store, "export", "Write the keys into a new file that only you can read",
                                  "berth secret export --passphrase /media/stick/berth-keys\n"
                                  "berth secret export --passphrase-file /run/secrets/words berth-keys");
  out.option("FILE", &verb::SecretExport::file, "", "Must not exist")->required();
  out.flag("--passphrase", &verb::SecretExport::sealed, "Seal them with a passphrase, which is asked for");
  out.parsed("--passphrase-file", "FILE", "The same, with the first line of this file; - is stdin, /dev/fd/3 a descriptor",
             [](verb::SecretExport& v, const std::string& text) { v.passphrase.file = text, v.sealed = true; });
  Builder<verb::SecretImport> in(*secret, store, "import", "Put exported keys into this home; none that is there is replaced",
                                 "berth secret import /media/stick/berth-keys");
  in.option("FILE", &verb::SecretImport::file, "", "Of berth secret export")->required();
  in.parsed("--passphrase-file", "FILE", "First line: the passphrase, for a file that has one; asked for when absent; - is stdin",
            [](verb::SecretImport& v, const std::string& text) { v.passphrase.file = text; });
  Builder<verb::SecretRotate>(*secret, store, "rotate", "Add a key: what is made from now on is sealed with it", "berth secret rotate");
  add_backups(root, store);
}

}  // namespace berth::cli
