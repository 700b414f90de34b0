#pragma once
// The command line as plain values: what somebody asked for, before anything was opened. cli/grammar.hpp makes them
// from words, cli/cli.hpp carries them out. Sizes are bytes, CPU is thousandths of a core.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/units.hpp"
#include "cli/session_verbs.hpp"
#include "cli/snapshot_verbs.hpp"

namespace berth::cli {

struct Global {
  bool json = false;
  std::string home;  // "" is BERTH_HOME or its default
  std::string url;   // "" is BERTH_URL or the home's socket
};

enum class Tty { Auto, Yes, No };

namespace verb {
struct Serve {
  std::vector<std::pair<std::string, std::string>> settings;
  bool take_over = false;
};  // name → value, over file and environment
struct ServerUpgrade {
  std::vector<std::pair<std::string, std::string>> settings;
};
struct ServerStart {
  std::vector<std::pair<std::string, std::string>> settings;
};
struct ServerStop {
  std::chrono::seconds timeout{30};
};
struct ServerStatus {};

struct Run {
  std::string template_name, name, isolation;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint32_t> cpu_millis, processes;
  std::map<std::string, std::string> env;
  Tty tty = Tty::Auto;
  bool remove = false;
  bool detach = false;
  std::vector<std::string> command;  // empty: the template's shell
};
struct Exec {
  std::string sandbox, cwd;
  std::map<std::string, std::string> env;
  Tty tty = Tty::Auto;
  std::vector<std::string> command;
};
struct Attach {
  std::string target;
  std::string from;  // a place; "": where it is now
};
struct ShowScreen {
  std::string target, format = "text";
  std::string at;    // a place; "": now
};
struct List {
  bool all = false;
};
struct History {
  std::string target;  // sandbox, or terminal
  std::size_t limit = 20;
  bool failed = false, running = false, full_screen = false, untrusted = false;
  std::optional<std::chrono::milliseconds> slower;
  std::string cwd, text;
};
struct Grep {
  std::string pattern, target;  // target: terminal or sandbox; "": all sandboxes that are there
  std::uint32_t before = 0, after = 0, context = 0;  // the larger of two counts
  bool ignore_case = false, literal = false;
  std::size_t limit = 1000;
};
struct Replay {
  std::string target;   // terminal, or an asciicast file
  std::string from, to; // places, as the API takes them
  double speed = 1;
  std::optional<std::chrono::milliseconds> idle_limit;
};
struct Logs {
  std::string target;
  bool follow = false;
};
struct Send {
  std::string target, text, paste;  // paste: a file, "-" is stdin
  std::vector<std::string> keys;
  bool enter = false;
  bool wait_command = false;        // then print its output and end with its exit code
  std::optional<std::chrono::milliseconds> timeout;
};
struct Wait {
  std::string target, pattern;
  std::optional<std::chrono::milliseconds> idle, timeout;
  bool command_end = false, exit = false;
  std::optional<std::uint64_t> from;
};
struct CommandOutput {
  std::string target;
  std::string number = "last";
  bool raw = false, follow = false;
  std::optional<std::uint32_t> head, tail;  // lines
};
struct Stop {
  std::vector<std::string> sandboxes;
  std::optional<std::chrono::milliseconds> grace;
};
struct Remove {
  std::vector<std::string> sandboxes;
  bool force = false;
};
struct Pause {
  std::vector<std::string> sandboxes;
};
struct Resume {
  std::vector<std::string> sandboxes;
};
struct Stats {
  std::vector<std::string> sandboxes;
  bool watch = false;
};
struct TemplateList {};
struct TemplateBuild {
  std::string name;
  bool rebuild = false;
};
struct TemplateRemove {
  std::string name;
};
struct Events {
  std::string sandbox, topic;  // "" is any
  bool follow = false;
  std::optional<std::uint64_t> since;  // id of the last one that was seen
};
struct JobList {
  std::string kind, state;
};
struct JobRetry {
  std::string job;
};
struct JobCancel {
  std::string job;
};
struct UserAdd {
  std::string name, role = "member";
};
struct UserList {};
struct UserChange {
  std::string name, role;
};
struct UserDisable {
  std::string name;
};
struct UserEnable {
  std::string name;
};
struct KeyCreate {
  std::string user, label, expires;
  std::vector<std::string> scopes;
};
struct Share {
  std::string target, label, expires;
};
struct KeyList {
  std::string user;
  bool all = false;
};
struct KeyRevoke {
  std::string key;
};
struct ConfigShow {};
struct ConfigCheck {};
struct ConfigReference {};
struct Doctor {};
// ---- a byte stream of any terminal; no server ----
struct TerminalParse {
  std::string file;  // "" or "-" is stdin
  std::string nonce;
  std::uint64_t chunk = 0;  // bytes; 0 is as they come
};
struct TerminalRender {
  std::string file;  // "" or "-" is stdin
  std::uint16_t cols = 80, rows = 24;
  bool text = false, vt = false, svg = false;  // one at most; else JSON with --json, else text
};
struct TerminalExport {
  std::string target, format = "asciicast-v2", output, from, to;  // output: "" or "-" is stdout
  bool input = false;  // of a cast: with what was typed
};
struct TerminalImport {
  std::string file, name;  // file: "-" is stdin
};
// ---- terminals of the server ----
struct TerminalList {
  std::string sandbox;  // "": all that run
  bool all = false;
};
struct TerminalRename {
  std::string target, name;
};
struct TerminalSignal {
  std::string target, signal;
};
struct TerminalResize {
  std::string target;
  TerminalSize size;
};
struct TerminalClose {
  std::string target;
  std::optional<std::chrono::milliseconds> grace;
};
// ---- journals on the disk of this home; no server ----
struct JournalCheck {
  std::string target;  // terminal id or directory; "" is every journal of the home
};
struct Completion {
  std::string shell;
};
struct Reference {
  std::string form;
};  // "markdown", "man" (both of the command line) or "settings-man"
struct Version {};
}  // namespace verb

using Verb = std::variant<verb::Serve, verb::ServerStart, verb::ServerUpgrade, verb::ServerStop, verb::ServerStatus, verb::Run, verb::Exec,
                          verb::Attach, verb::ShowScreen, verb::List, verb::History, verb::Grep, verb::Replay, verb::Logs, verb::Send,
                          verb::Wait, verb::CommandOutput, verb::Stop, verb::Remove,
                          verb::Pause, verb::Resume, verb::Stats, verb::TemplateList, verb::TemplateBuild,
                          verb::TemplateRemove, verb::Events, verb::JobList, verb::JobRetry, verb::JobCancel, verb::UserAdd, verb::UserList,
                          verb::UserChange, verb::UserDisable, verb::UserEnable, verb::KeyCreate, verb::Share, verb::KeyList,
                          verb::KeyRevoke, verb::ConfigShow,
                          verb::ConfigCheck, verb::ConfigReference, verb::Doctor, verb::TerminalParse,
                          verb::TerminalRender, verb::TerminalList, verb::TerminalRename,
                          verb::TerminalSignal, verb::TerminalResize, verb::TerminalClose, verb::TerminalExport, verb::TerminalImport,
                          verb::JournalCheck, verb::SessionList, verb::SessionShow, verb::SessionNew, verb::SessionOpen, verb::SessionSave, verb::SessionCopy, verb::SessionRename, verb::SessionTag,
                          verb::SessionClose, verb::SessionResume, verb::SessionRemove, verb::SessionHistory, verb::SessionRestore, verb::SessionDiff, verb::SessionLog, verb::SessionClean, verb::SecretShowId, verb::SecretExport, verb::SecretImport, verb::SecretRotate,
                          verb::SnapshotCreate, verb::SnapshotList, verb::SnapshotShow, verb::SnapshotShare, verb::SnapshotUnshare,
                          verb::SnapshotOpen, verb::SnapshotExport, verb::SnapshotImport, verb::SnapshotVerify, verb::SnapshotRemove,
                          verb::VisitList, verb::VisitRemove,
                          verb::BackupCreate, verb::BackupVerify, verb::BackupRestore,
                          verb::Completion, verb::Reference, verb::Version>;

struct Invocation {
  Global global;
  Verb verb;
};

}  // namespace berth::cli
