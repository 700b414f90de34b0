// The routes about the timeline.

#include <charconv>

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

// "Last-Event-ID" is what a browser or a client sends that comes back; `after` is the same for a person.
Result<std::optional<std::uint64_t>> last_seen(const Call& call) {
  TRY_ASSIGN(const auto header, call.header("Last-Event-ID"));
  if (!header) return call.number("after");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), id);
  if (error != std::errc{} || end != header->data() + header->size())
    return fail(Code::InvalidArgument, "The header \"Last-Event-ID\" is not the id of an event.");
  return id;
}

Result<control::FollowEvents> plan(const Call& call) {
  control::FollowEvents action;
  TRY_ASSIGN(action.after, last_seen(call));
  if (call.text("follow")) {
    TRY_ASSIGN(const bool follow, call.flag("follow"));
    if (!follow) action.until = events::Until::CaughtUp;
  }
  return action;
}

Result<Action> plan_all(Call& call) {
  TRY_ASSIGN(auto action, plan(call));
  action.sandbox = call.text("sandbox").value_or("");
  if (const auto id = call.text("terminal")) {
    TRY_ASSIGN(action.terminal, TerminalId::parse(*id));
  }
  std::string_view topics;
  const auto text = call.text("topics");
  if (text) topics = *text;
  while (!topics.empty()) {
    const auto comma = topics.find(',');
    action.topics.emplace_back(topics.substr(0, comma));
    topics.remove_prefix(comma == std::string_view::npos ? topics.size() : comma + 1);
  }
  return action;
}

Result<Action> plan_of_terminal(Call& call) {
  TRY_ASSIGN(auto action, plan(call));
  action.terminal = call.terminal();
  return action;
}

Result<Action> plan_of_session(Call& call) {
  TRY_ASSIGN(auto action, plan(call));
  TRY_ASSIGN(action.session, call.session());
  return action;
}

std::vector<Parameter> parameters(std::vector<Parameter> more = {}) {
  more.push_back({"after", schema::whole(), "Id of the last event that was seen; the header Last-Event-ID goes before. Absent: "
                                            "only what comes from now on.", false});
  more.push_back({"follow", schema::boolean(), "false: end after what is there.", false});
  return more;
}

}  // namespace

void add_event_routes(std::vector<Route>& table) {
  const Answer stream{200, "text/event-stream", {}, "Server-sent events: each one an Event as JSON, ids as they are.", {}};
  table.push_back({.method = "GET", .pattern = "/v1/events", .operation = "follow_events",
                   .summary = "What happens, as it happens: server-sent events, or a WebSocket berth.events.v1 with topics",
                   .query = parameters({{"topics", schema::text(), "Names of topics with commas: all, sandboxes, terminals, "
                                                                   "commands, sessions, or ids.", false},
                                        {"sandbox", schema::text(), "Id or name; only its own.", false},
                                        {"terminal", schema::text(), "Id; only its own.", false}}),
                   .body = {}, .answer = stream, .plan = plan_all,
                   .plan_socket = [](Call&) -> Result<Action> { return control::OpenEvents{}; }, .streams = true});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/events", .operation = "follow_terminal",
                   .summary = "What happens in a terminal: its commands, its end", .query = parameters(), .body = {},
                   .answer = stream, .plan = plan_of_terminal, .streams = true});
  table.push_back({.method = "GET", .pattern = "/v1/sessions/{session}/events", .operation = "follow_session",
                   .summary = "What happens to a session: its changes, by whom", .query = parameters(), .body = {},
                   .answer = stream, .plan = plan_of_session, .streams = true});
}

}  // namespace berth::api_http
