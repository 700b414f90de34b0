#include "api_http/outputs.hpp"

#include "api_http/encoding.hpp"
#include "base/utf8.hpp"
#include "store/words.hpp"

namespace berth::api_http {

namespace {

json::value text(std::string_view value) {
  if (is_utf8(value)) return json::string(value.data(), value.size());
  const std::string valid = to_utf8(value);
  return json::string(valid.data(), valid.size());
}
json::value time(const std::optional<WallTime>& value) { return value ? text(rfc3339(*value)) : json::value(nullptr); }
template <class T>
json::value or_null(const std::optional<T>& value) { return value ? json::value(*value) : json::value(nullptr); }

std::string_view word(store::JobState state) {
  switch (state) {
    case store::JobState::Queued: return "queued";
    case store::JobState::Running: return "running";
    case store::JobState::Done: return "done";
    case store::JobState::Dead: return "dead";
    case store::JobState::Cancelled: return "cancelled";
  }
  return "dead";
}

std::string_view word(store::Role role) {
  if (role == store::Role::Viewer) return "viewer";
  return role == store::Role::Member ? "member" : "admin";
}

json::value scopes(store::Permissions permissions) {
  json::array out;
  if (permissions.has(store::Permission::Read)) out.emplace_back("read");
  if (permissions.has(store::Permission::Run)) out.emplace_back("run");
  if (permissions.has(store::Permission::Admin)) out.emplace_back("admin");
  return out;
}

json::value exit_code(const std::optional<Exit>& exit) {
  const auto* exited = exit ? std::get_if<Exited>(&*exit) : nullptr;
  return exited ? json::value(exited->code) : json::value(nullptr);
}
json::value exit_signal(const std::optional<Exit>& exit) {
  const auto* killed = exit ? std::get_if<Killed>(&*exit) : nullptr;
  return killed ? json::value(killed->signal) : json::value(nullptr);
}
json::value texts(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& value : values) out.emplace_back(text(value));
  return out;
}
Written exact_bytes(const std::string& bytes) {
  if (is_utf8(bytes)) return std::nullopt;
  return text(base64_encode(bytes));
}

}  // namespace

std::optional<store::SandboxState> parse_sandbox_state(std::string_view name) {
  using enum store::SandboxState;
  for (const auto state : {Provisioning, Running, Paused, Stopped, Failed})
    if (word(state) == name) return state;
  return std::nullopt;
}

std::optional<store::JobState> parse_job_state(std::string_view name) {
  using enum store::JobState;
  for (const auto state : {Queued, Running, Done, Dead, Cancelled})
    if (word(state) == name) return state;
  return std::nullopt;
}

template <>
const OutputType<store::SandboxRow>& output_type() {
  using T = store::SandboxRow;
  static const json::object limits{
      {"type", "object"},
      {"properties", json::object{{"memory_bytes", schema::whole()}, {"cpu_millis", schema::whole()},
                                  {"processes", schema::whole()}, {"open_files", schema::whole()}}},
      {"required", json::array{"memory_bytes", "cpu_millis", "processes", "open_files"}},
      {"additionalProperties", false}};
  static const OutputType<T> type{"Sandbox", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"name", schema::text(), "", [](const T& row) -> Written { return text(row.name); }},
      {"owner", schema::text(), "", [](const T& row) -> Written { return text(row.owner); }},
      {"template", schema::text(), "", [](const T& row) -> Written { return text(row.template_name); }},
      {"template_digest", schema::text(), "What the template was when the sandbox started.",
       [](const T& row) -> Written { return text(row.template_digest); }},
      {"isolation", schema::text(), "What it got: \"gvisor\" or \"container\".",
       [](const T& row) -> Written { return text(row.isolation); }},
      {"runtime", schema::text(), "", [](const T& row) -> Written { return text(row.runtime); }},
      {"state", schema::one_of({"provisioning", "running", "paused", "stopped", "failed"}), "",
       [](const T& row) -> Written { return text(word(row.state)); }},
      {"reason_code", schema::text(), "Why it stopped or failed, for programs.",
       [](const T& row) -> Written { return text(row.reason_code); }},
      {"reason", schema::text(), "Why it stopped or failed, for people.",
       [](const T& row) -> Written { return text(row.reason); }},
      {"limits", limits, "",
       [](const T& row) -> Written {
         return json::object{{"memory_bytes", row.memory_bytes}, {"cpu_millis", row.cpu_millis},
                             {"processes", row.processes}, {"open_files", row.open_files}};
       }},
      {"remove_on_exit", schema::boolean(), "", [](const T& row) -> Written { return row.remove_on_exit; }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
      {"started", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.started); }},
      {"ended", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.ended); }},
  }};
  return type;
}

template <>
const OutputType<control::SandboxStatsInfo>& output_type() {
  using T = control::SandboxStatsInfo;
  static const OutputType<T> type{"SandboxStats", {
      {"memory_bytes", schema::whole(), "", [](const T& stats) -> Written { return stats.memory_bytes; }},
      {"memory_limit", schema::whole(), "", [](const T& stats) -> Written { return stats.memory_limit; }},
      {"cpu_ns", schema::whole(), "", [](const T& stats) -> Written { return stats.cpu_ns; }},
      {"processes", schema::whole(), "", [](const T& stats) -> Written { return stats.processes; }},
      {"oom_kills", schema::whole(), "", [](const T& stats) -> Written { return stats.oom_kills; }},
  }};
  return type;
}

template <>
const OutputType<control::TerminalInfo>& output_type() {
  using T = control::TerminalInfo;
  static const OutputType<T> type{"Terminal", {
      {"id", schema::text(), "", [](const T& info) -> Written { return text(info.row.id.str()); }},
      {"sandbox", schema::text(), "", [](const T& info) -> Written { return text(info.row.sandbox.str()); }},
      {"kind", schema::one_of({"pty", "pipes"}), "",
       [](const T& info) -> Written { return text(info.row.kind == store::TerminalKind::Pty ? "pty" : "pipes"); }},
      {"argv", schema::list_of(schema::text()), "", [](const T& info) -> Written { return texts(info.row.argv); }},
      {"cwd", schema::text(), "", [](const T& info) -> Written { return text(info.row.cwd); }},
      {"cols", schema::whole(), "", [](const T& info) -> Written { return info.row.size.cols; }},
      {"rows", schema::whole(), "", [](const T& info) -> Written { return info.row.size.rows; }},
      {"running", schema::boolean(), "", [](const T& info) -> Written { return info.row.running; }},
      {"exit_code", schema::or_null(schema::number()), "Null while it runs, or when it was killed.",
       [](const T& info) -> Written { return exit_code(info.row.exit); }},
      {"signal", schema::or_null(schema::number()), "What killed it.",
       [](const T& info) -> Written { return exit_signal(info.row.exit); }},
      {"end", schema::whole(), "Bytes of output so far.", [](const T& info) -> Written { return info.end.value; }},
      {"viewers", schema::whole(), "", [](const T& info) -> Written { return info.viewers; }},
      {"created", schema::time(), "", [](const T& info) -> Written { return time(info.row.created); }},
      {"ended", schema::or_null(schema::time()), "", [](const T& info) -> Written { return time(info.row.ended); }},
      {"name", schema::text(), "Unique in its sandbox; empty: none.", [](const T& info) -> Written { return text(info.row.name); }},
      {"title", schema::text(), "As its program set it last.", [](const T& info) -> Written { return text(info.row.title); }},
  }};
  return type;
}

template <>
const OutputType<store::CommandRow>& output_type() {
  using T = store::CommandRow;
  static const OutputType<T> type{"Command", {
      {"terminal", schema::text(), "", [](const T& row) -> Written { return text(row.terminal.str()); }},
      {"number", schema::whole(), "1, 2, … in its terminal.", [](const T& row) -> Written { return row.number; }},
      {"sandbox", schema::text(), "", [](const T& row) -> Written { return text(row.sandbox.str()); }},
      {"text", schema::text(), "", [](const T& row) -> Written { return text(row.text); }},
      {"cwd", schema::text(), "", [](const T& row) -> Written { return text(row.cwd); }},
      {"exit_code", schema::or_null(schema::number()), "", [](const T& row) -> Written { return or_null(row.exit_code); }},
      {"state", schema::one_of({"open", "done"}), "",
       [](const T& row) -> Written { return text(row.done ? "done" : "open"); }},
      {"started", schema::time(), "", [](const T& row) -> Written { return time(row.started); }},
      {"duration_ns", schema::or_null(schema::number()), "", [](const T& row) -> Written { return or_null(row.duration_ns); }},
      {"output_begin", schema::whole(), "Offset in the terminal's output.",
       [](const T& row) -> Written { return row.output_begin.value; }},
      {"output_end", schema::whole(), "", [](const T& row) -> Written { return row.output_end.value; }},
      {"full_screen", schema::boolean(), "It used the alternate screen.", [](const T& row) -> Written { return row.full_screen; }},
      {"trusted", schema::boolean(), "It was told with the terminal's own secret.", [](const T& row) -> Written { return row.trusted; }},
  }};
  return type;
}

template <>
const OutputType<control::WaitResult>& output_type() {
  using T = control::WaitResult;
  static const OutputType<T> type{"WaitResult", {
      {"event", schema::one_of({"pattern", "idle", "command_end", "exit", "timeout"}),
       "What happened; exit also when the terminal ended before what was waited for.",
       [](const T& result) -> Written {
         switch (result.event) {
           case T::Event::Pattern: return text("pattern");
           case T::Event::Idle: return text("idle");
           case T::Event::CommandEnd: return text("command_end");
           case T::Event::Exit: return text("exit");
           case T::Event::Timeout: break;
         }
         return text("timeout");
       }},
      {"from", schema::whole(), "Offset of the match, or where looking began.",
       [](const T& result) -> Written { return result.from.value; }},
      {"end", schema::whole(), "Offset behind the match, or behind what was looked at: the next wait may begin there.",
       [](const T& result) -> Written { return result.end.value; }},
      {"match", schema::text(), "With pattern.", [](const T& result) -> Written { return text(result.match); }},
      {"command", {{"anyOf", json::array{schema::named("Command"), json::object{{"type", "null"}}}}}, "With command_end.",
       [](const T& result) -> Written {
         if (!result.command) return json::value(nullptr);
         return output_type<store::CommandRow>().write(*result.command);
       }},
      {"exit_code", schema::or_null(schema::number()), "With exit.",
       [](const T& result) -> Written { return exit_code(result.exit); }},
      {"signal", schema::or_null(schema::number()), "With exit.",
       [](const T& result) -> Written { return exit_signal(result.exit); }},
  }};
  return type;
}

template <>
const OutputType<control::GrepLine>& output_type() {
  using T = control::GrepLine;
  static const OutputType<T> type{"GrepLine", {
      {"terminal", schema::text(), "", [](const T& line) -> Written { return text(line.terminal.str()); }},
      {"offset", schema::whole(), "Of its first byte in the terminal's output.", [](const T& line) -> Written { return line.offset.value; }},
      {"end", schema::whole(), "", [](const T& line) -> Written { return line.end.value; }},
      {"time", schema::time(), "When it was written.", [](const T& line) -> Written { return time(line.time); }},
      {"text", schema::text(), "As a person reads it.", [](const T& line) -> Written { return text(line.text); }},
      {"match", schema::boolean(), "Else a line of context.", [](const T& line) -> Written { return line.match; }},
      {"match_begin", schema::whole(), "Where in the text, in bytes.", [](const T& line) -> Written { return line.match_begin; }},
      {"match_end", schema::whole(), "", [](const T& line) -> Written { return line.match_end; }},
      {"command", schema::or_null(schema::number()), "Number of the command that printed it.",
       [](const T& line) -> Written { return or_null(line.command); }},
  }};
  return type;
}

template <>
const OutputType<control::GrepMissing>& output_type() {
  using T = control::GrepMissing;
  static const OutputType<T> type{"GrepMissing", {
      {"terminal", schema::text(), "", [](const T& range) -> Written { return text(range.terminal.str()); }},
      {"begin", schema::whole(), "", [](const T& range) -> Written { return range.begin.value; }},
      {"end", schema::whole(), "", [](const T& range) -> Written { return range.end.value; }},
  }};
  return type;
}

template <>
const OutputType<control::GrepPage>& output_type() {
  using T = control::GrepPage;
  static const OutputType<T> type{"GrepPage", {
      {"items", schema::list_of(schema::named("GrepLine")), "Matches and their context, in order.",
       [](const T& page) -> Written {
         json::array out;
         for (const auto& line : page.lines) out.emplace_back(output_type<control::GrepLine>().write(line));
         return out;
       }},
      {"next", schema::text(), "Cursor of the next page for `after`; empty when all was searched.",
       [](const T& page) -> Written { return text(page.next); }},
      {"matches", schema::whole(), "In this page.", [](const T& page) -> Written { return page.matches; }},
      {"bytes", schema::whole(), "That were searched for it.", [](const T& page) -> Written { return page.bytes; }},
      {"missing", schema::list_of(schema::named("GrepMissing")), "No longer kept, or damaged.",
       [](const T& page) -> Written {
         json::array out;
         for (const auto& range : page.missing) out.emplace_back(output_type<control::GrepMissing>().write(range));
         return out;
       }},
  }};
  return type;
}

template <>
const OutputType<control::ExecResult>& output_type() {
  using T = control::ExecResult;
  static const OutputType<T> type{"ExecResult", {
      {"terminal", schema::text(), "Where the whole output is kept.",
       [](const T& result) -> Written { return text(result.terminal.str()); }},
      {"exit_code", schema::number(), "128 + signal when killed, 127 not found, 126 not executable.",
       [](const T& result) -> Written { return shell_code(result.exit); }},
      {"signal", schema::or_null(schema::number()), "", [](const T& result) -> Written { return exit_signal(result.exit); }},
      {"timed_out", schema::boolean(), "", [](const T& result) -> Written { return result.timed_out; }},
      {"stdout", schema::text(), "Invalid UTF-8 as U+FFFD.", [](const T& result) -> Written { return text(result.out); }},
      {"stderr", schema::text(), "Invalid UTF-8 as U+FFFD.", [](const T& result) -> Written { return text(result.error); }},
      {"stdout_base64", schema::text(), "Only when the text is not exact.",
       [](const T& result) -> Written { return exact_bytes(result.out); }, Presence::Sometimes},
      {"stderr_base64", schema::text(), "Only when the text is not exact.",
       [](const T& result) -> Written { return exact_bytes(result.error); }, Presence::Sometimes},
      {"truncated", schema::boolean(), "The output is longer than the answer.",
       [](const T& result) -> Written { return result.truncated; }},
      {"duration_ns", schema::whole(), "",
       [](const T& result) -> Written { return static_cast<std::int64_t>(result.duration.count()); }},
  }};
  return type;
}

template <>
const OutputType<control::FileEntry>& output_type() {
  using T = control::FileEntry;
  static const OutputType<T> type{"FileEntry", {
      {"name", schema::text(), "", [](const T& entry) -> Written { return text(entry.name); }},
      {"kind", schema::one_of({"file", "directory", "symlink", "other"}), "",
       [](const T& entry) -> Written { return text(entry.kind); }},
      {"size", schema::whole(), "", [](const T& entry) -> Written { return entry.size; }},
      {"mode", schema::whole(), "Permission bits as a number: 420 is 0644.",
       [](const T& entry) -> Written { return entry.mode; }},
      {"uid", schema::whole(), "", [](const T& entry) -> Written { return entry.uid; }},
      {"gid", schema::whole(), "", [](const T& entry) -> Written { return entry.gid; }},
      {"modified", schema::time(), "", [](const T& entry) -> Written { return time(entry.modified); }},
      {"link_target", schema::text(), "", [](const T& entry) -> Written { return text(entry.link_target); }},
  }};
  return type;
}

template <>
const OutputType<control::TemplateInfo>& output_type() {
  using T = control::TemplateInfo;
  static const OutputType<T> type{"Template", {
      {"name", schema::text(), "", [](const T& info) -> Written { return text(info.name); }},
      {"digest", schema::text(), "", [](const T& info) -> Written { return text(info.digest); }},
      {"state", schema::one_of({"ready", "absent", "building", "failed"}), "",
       [](const T& info) -> Written { return text(info.state); }},
      {"description", schema::text(), "", [](const T& info) -> Written { return text(info.description); }},
      {"progress", schema::text(), "Last line while it is built.", [](const T& info) -> Written { return text(info.progress); }},
      {"size_bytes", schema::whole(), "", [](const T& info) -> Written { return info.size_bytes; }},
      {"built", schema::or_null(schema::time()), "", [](const T& info) -> Written { return time(info.built); }},
  }};
  return type;
}

template <>
const OutputType<control::ServerInfo>& output_type() {
  using T = control::ServerInfo;
  static const OutputType<T> type{"ServerInfo", {
      {"version", schema::text(), "", [](const T& info) -> Written { return text(info.version); }},
      {"home", schema::text(), "", [](const T& info) -> Written { return text(info.home); }},
      {"started", schema::time(), "", [](const T& info) -> Written { return time(info.started); }},
      {"sandboxes", schema::whole(), "", [](const T& info) -> Written { return info.sandboxes; }},
      {"terminals", schema::whole(), "", [](const T& info) -> Written { return info.terminals; }},
      {"viewers", schema::whole(), "", [](const T& info) -> Written { return info.viewers; }},
  }};
  return type;
}

template <>
const OutputType<store::JobRow>& output_type() {
  using T = store::JobRow;
  static const OutputType<T> type{"Job", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"kind", schema::text(), "What it does: \"store.check\".", [](const T& row) -> Written { return text(row.kind); }},
      {"subject", schema::text(), "What it works on; empty: the whole server.",
       [](const T& row) -> Written { return text(row.subject); }},
      {"owner", schema::text(), "Empty: the server itself.", [](const T& row) -> Written { return text(row.owner); }},
      {"priority", schema::number(), "Higher ones first.", [](const T& row) -> Written { return row.priority; }},
      {"state", schema::one_of({"queued", "running", "done", "dead", "cancelled"}), "dead: it failed too often.",
       [](const T& row) -> Written { return text(word(row.state)); }},
      {"run_at", schema::time(), "Not before.", [](const T& row) -> Written { return time(row.run_at); }},
      {"attempts", schema::whole(), "Begun so far.", [](const T& row) -> Written { return row.attempts; }},
      {"error", schema::text(), "Of the last attempt that failed.", [](const T& row) -> Written { return text(row.error); }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
      {"ended", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.ended); }},
  }};
  return type;
}

template <>
const OutputType<store::UserRow>& output_type() {
  using T = store::UserRow;
  static const OutputType<T> type{"User", {
      {"name", schema::text(), "", [](const T& row) -> Written { return text(row.name); }},
      {"role", schema::one_of({"viewer", "member", "admin"}), "viewer: looks; member: makes and uses; admin: all.",
       [](const T& row) -> Written { return text(word(row.role)); }},
      {"disabled", schema::or_null(schema::time()), "Since when no key of this user is taken.",
       [](const T& row) -> Written { return time(row.disabled); }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
  }};
  return type;
}

template <>
const OutputType<store::KeyRow>& output_type() {
  using T = store::KeyRow;
  static const OutputType<T> type{"Key", {
      {"id", schema::text(), "", [](const T& row) -> Written { return text(row.id.str()); }},
      {"user", schema::text(), "", [](const T& row) -> Written { return text(row.owner); }},
      {"label", schema::text(), "", [](const T& row) -> Written { return text(row.label); }},
      {"scopes", schema::list_of(schema::one_of({"read", "run", "admin"})), "At most these of the user's.",
       [](const T& row) -> Written { return scopes(row.scopes); }},
      {"created", schema::time(), "", [](const T& row) -> Written { return time(row.created); }},
      {"expires", schema::or_null(schema::time()), "", [](const T& row) -> Written { return time(row.expires); }},
      {"used", schema::or_null(schema::time()), "The last time.", [](const T& row) -> Written { return time(row.used); }},
      {"terminal", schema::or_null(schema::text()), "A link: the terminal that it shows, and all that it opens.",
       [](const T& row) -> Written { return row.terminal ? text(row.terminal->str()) : Written(nullptr); }},
  }};
  return type;
}

template <>
const OutputType<control::NewKey>& output_type() {
  using T = control::NewKey;
  static const OutputType<T> type{"NewKey", {
      {"key", schema::named("Key"), "", [](const T& made) -> Written { return output_type<store::KeyRow>().write(made.row); }},
      {"text", schema::text(), "The key itself: told this once, kept nowhere.",
       [](const T& made) -> Written { return text(made.text.reveal()); }},
  }};
  return type;
}

template <>
const OutputType<store::EventRow>& output_type() {
  using T = store::EventRow;
  static const auto id = [](const auto& subject) -> Written {
    return subject ? text(subject->str()) : json::value(nullptr);
  };
  static const OutputType<T> type{"Event", {
      {"id", schema::whole(), "Grows from event to event; where to go on after a pause.", [](const T& row) -> Written { return row.id; }},
      {"type", schema::text(), "Noun and verb: \"command.ended\".", [](const T& row) -> Written { return text(row.type); }},
      {"time", schema::time(), "", [](const T& row) -> Written { return time(row.time); }},
      {"sandbox", schema::or_null(schema::text()), "", [](const T& row) -> Written { return id(row.sandbox); }},
      {"terminal", schema::or_null(schema::text()), "", [](const T& row) -> Written { return id(row.terminal); }},
      {"session", schema::or_null(schema::text()), "", [](const T& row) -> Written { return id(row.session); }},
      {"data", {{"type", "object"}}, "What the type says.",
       [](const T& row) -> Written {
         json::error_code error;
         json::value data = json::parse(row.data, error);
         return error ? json::value(json::object{}) : data;
       }},
  }};
  return type;
}

json::object output_schemas() {
  json::object schemas;
  const auto add = [&](const auto& type) { schemas[type.name] = type.schema(); };
  add(output_type<store::SandboxRow>());
  add(output_type<control::SandboxStatsInfo>());
  add(output_type<control::TerminalInfo>());
  add(output_type<store::CommandRow>());
  add(output_type<control::WaitResult>());
  add(output_type<control::GrepLine>());
  add(output_type<control::GrepMissing>());
  add(output_type<control::GrepPage>());
  add(output_type<control::ExecResult>());
  add(output_type<control::FileEntry>());
  add(output_type<control::TemplateInfo>());
  add(output_type<control::ServerInfo>());
  add(output_type<store::JobRow>());
  add(output_type<store::UserRow>());
  add(output_type<store::KeyRow>());
  add(output_type<control::NewKey>());
  add(output_type<store::EventRow>());
  add(output_type<store::SessionRow>());
  add(output_type<store::RevisionRow>());
  add(output_type<sessions::Appended>());
  add(output_type<sessions::Entry>());
  add(output_type<sessions::Device>());
  add(output_type<sessions::DeviceKey>());
  add(output_type<store::SnapshotRow>());
  add(output_type<bundle::Part>());
  add(output_type<store::AccessRow>());
  add(output_type<snapshots::View>());
  add(output_type<snapshots::Finding>());
  add(output_type<snapshots::Shared>());
  add(output_type<snapshots::Received>());
  add(output_type<store::VisitRow>());
  add(output_type<snapshots::Visit>());
  return schemas;
}

}  // namespace berth::api_http
