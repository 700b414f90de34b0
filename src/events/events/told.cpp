#include "events/told.hpp"

#include <boost/json.hpp>

#include "base/utf8.hpp"
#include "store/words.hpp"

namespace berth::events {
namespace {

namespace json = boost::json;

json::value text(std::string_view value) {
  std::string valid = to_utf8(value.substr(0, text_bytes));
  if (value.size() > text_bytes) valid += "…";
  return json::string(valid);
}

Result<> tell(store::Unit& unit, store::EventRow event, const json::object& data) {
  event.data = json::serialize(data);
  TRY(unit.append_event(event));
  return {};
}

Result<> tell_sandbox(store::Unit& unit, const store::SandboxRow& row, std::string_view what, WallTime when) {
  return tell(unit, {.owner = row.owner, .type = "sandbox." + std::string(what), .sandbox = row.id, .time = when},
              {{"name", text(row.name)}, {"template", text(row.template_name)}, {"isolation", text(row.isolation)},
               {"reason_code", text(row.reason_code)}, {"reason", text(row.reason)}});
}

Result<> tell_terminal(store::Unit& unit, const store::TerminalRow& row, std::string type, WallTime when,
                       const json::object& data) {
  return tell(unit, {.owner = row.owner, .type = std::move(type), .sandbox = row.sandbox, .terminal = row.id, .time = when},
              data);
}

Result<> tell_terminal_end(store::Unit& unit, const store::TerminalRow& row) {
  json::object data{{"exit_code", nullptr}, {"signal", nullptr}};
  if (const auto* exited = row.exit ? std::get_if<Exited>(&*row.exit) : nullptr) data["exit_code"] = exited->code;
  if (const auto* killed = row.exit ? std::get_if<Killed>(&*row.exit) : nullptr) data["signal"] = killed->signal;
  return tell_terminal(unit, row, "terminal.ended", row.ended.value_or(row.created), data);
}

Result<> tell_command(store::Unit& unit, const store::CommandRow& row, std::string type, WallTime when, bool ended) {
  json::object data{{"number", row.number}, {"text", text(row.text)}, {"cwd", text(row.cwd)},
                    {"output_begin", row.output_begin.value}};
  if (ended) {
    data["exit_code"] = row.exit_code ? json::value(*row.exit_code) : json::value(nullptr);
    data["duration_ns"] = row.duration_ns ? json::value(*row.duration_ns) : json::value(nullptr);
    data["output_end"] = row.output_end.value;
  }
  return tell(unit, {.owner = row.owner, .type = std::move(type), .sandbox = row.sandbox, .terminal = row.terminal, .time = when},
              data);
}

}  // namespace

Result<> insert_sandbox(store::Unit& unit, const store::SandboxRow& row) {
  TRY(unit.insert_sandbox(row));
  return tell_sandbox(unit, row, word(row.state), row.created);
}

Result<> update_sandbox(store::Unit& unit, const store::SandboxRow& row, store::SandboxState expected, WallTime now) {
  TRY(unit.update_sandbox(row, expected));
  if (row.state == expected) return {};
  return tell_sandbox(unit, row, word(row.state), now);
}

Result<> remove_sandbox(store::Unit& unit, const SandboxId& id, WallTime now) {
  TRY_ASSIGN(const auto row, unit.sandbox(id));
  TRY(unit.remove_sandbox(id));
  return tell_sandbox(unit, row, "removed", now);
}

Result<> insert_terminal(store::Unit& unit, const store::TerminalRow& row) {
  TRY(unit.insert_terminal(row));
  json::array argv;
  std::size_t bytes = 0;
  for (const std::string& argument : row.argv) {
    if (bytes > text_bytes) break;
    bytes += argument.size();
    argv.emplace_back(text(argument));
  }
  TRY(tell_terminal(unit, row, "terminal.started", row.created,
                    {{"kind", row.kind == store::TerminalKind::Pty ? "pty" : "pipes"}, {"argv", std::move(argv)},
                     {"cwd", text(row.cwd)}}));
  return row.running ? Result<>{} : tell_terminal_end(unit, row);
}

Result<> update_terminal(store::Unit& unit, const store::TerminalRow& row) {
  bool ends = false;
  if (!row.running) {
    TRY_ASSIGN(const auto before, unit.terminal(row.id));
    ends = before.running;
  }
  TRY(unit.update_terminal(row));
  return ends ? tell_terminal_end(unit, row) : Result<>{};
}

Result<> put_command(store::Unit& unit, const store::CommandRow& row) {
  TRY_ASSIGN(const auto known, unit.command_done(row.terminal, row.number));
  TRY(unit.put_command(row));
  if (!known) TRY(tell_command(unit, row, "command.started", row.started, false));
  if (!row.done || known.value_or(false)) return {};
  const WallTime ended = row.started + std::chrono::nanoseconds{row.duration_ns.value_or(0)};
  return tell_command(unit, row, "command.ended", ended, true);
}

Result<> session_changed(store::Unit& unit, const store::SessionRow& row, const std::string& what, WallTime now) {
  return tell(unit, {.owner = row.owner, .type = "session." + what.substr(0, what.find(' ')), .session = row.id, .time = now},
              {{"title", text(row.title)}, {"version", row.version},
               {"state", row.state == store::SessionState::Active ? "active" : "closed"}, {"client", text(row.client)}});
}

Result<> snapshot_changed(store::Unit& unit, const store::SnapshotRow& row, const std::string& what, const std::string& by, WallTime now) {
  static constexpr const char* states[] = {"creating", "ready", "deleting", "damaged"};
  static constexpr const char* visibilities[] = {"owner", "link", "token"};
  store::EventRow event{.owner = row.owner, .type = "snapshot." + what.substr(0, what.find(' ')), .time = now};
  if (const auto session = SessionId::parse(row.session)) event.session = *session;
  return tell(unit, std::move(event), {{"snapshot", row.id.str()}, {"title", text(row.title)}, {"state", states[static_cast<int>(row.state)]},
                                       {"visibility", visibilities[static_cast<int>(row.visibility)]}, {"by", text(by)}});
}

}  // namespace berth::events
