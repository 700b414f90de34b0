// The routes about sandboxes, and commands run in them.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_create(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::CreateSandbox>(call.body));
  return action;
}

Response respond_created(control::Outcome&& outcome) {
  Response response = respond_one<store::SandboxRow>(std::move(outcome));
  response.status = 201;
  response.headers.emplace_back("Location", "/v1/sandboxes/" + std::get<store::SandboxRow>(outcome).id.str());
  return response;
}

Result<Action> plan_list(Call& call) {
  control::ListSandboxes action;
  if (const auto word = call.text("state")) {
    action.state = parse_sandbox_state(*word);
    if (!action.state)
      return fail(Code::InvalidArgument, "The parameter \"state\" is not a state.",
                  "States are provisioning, running, paused, stopped and failed.");
  }
  TRY_ASSIGN(action.page, call.page());
  return action;
}

Result<Action> plan_remove(Call& call) {
  TRY_ASSIGN(const bool force, call.flag("force"));
  return control::RemoveSandbox{call.part("sandbox"), force};
}

Result<Action> plan_stop(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::StopSandbox>(call.body));
  action.sandbox = call.part("sandbox");
  return action;
}

template <class T>
Result<Action> plan_simple(Call& call) {
  TRY(read_body<NoFields>(call.body));
  return T{call.part("sandbox")};
}

Result<Action> plan_exec(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::Exec>(call.body));
  action.sandbox = call.part("sandbox");
  return action;
}

void add_life(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes", .operation = "create_sandbox",
                   .summary = "Start a sandbox; answers when it runs",
                   .query = {}, .body = json_body<control::CreateSandbox>(),
                   .answer = {201, "application/json", schema::named("Sandbox"), "It runs.", {"Location"}},
                   .plan = plan_create, .respond = respond_created});
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes", .operation = "list_sandboxes",
                   .summary = "Your sandboxes, newest first",
                   .query = page_parameters({{"state", schema::one_of({"provisioning", "running", "paused", "stopped", "failed"}),
                                              "Only those in this state.", false}}),
                   .body = {}, .answer = page_of<store::SandboxRow>("A page of them."),
                   .plan = plan_list, .respond = respond_page<store::SandboxRow>});
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}", .operation = "get_sandbox", .summary = "One sandbox",
                   .query = {}, .body = {}, .answer = one<store::SandboxRow>("The sandbox."),
                   .plan = [](Call& call) -> Result<Action> { return control::GetSandbox{call.part("sandbox")}; },
                   .respond = respond_one<store::SandboxRow>});
  table.push_back({.method = "DELETE", .pattern = "/v1/sandboxes/{sandbox}", .operation = "remove_sandbox",
                   .summary = "Remove a sandbox with its files; its terminals and commands stay as history",
                   .query = {{"force", schema::boolean(), "Stop it first.", false}},
                   .body = {}, .answer = nothing("It is gone."), .plan = plan_remove, .respond = respond_nothing});
}

void add_state(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/stop", .operation = "stop_sandbox",
                   .summary = "End every process of a sandbox",
                   .query = {}, .body = json_body<control::StopSandbox>(), .answer = one<store::SandboxRow>("It is stopped."),
                   .plan = plan_stop, .respond = respond_one<store::SandboxRow>});
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/pause", .operation = "pause_sandbox",
                   .summary = "Freeze every process of a sandbox",
                   .query = {}, .body = json_body<NoFields>(), .answer = one<store::SandboxRow>("It is paused."),
                   .plan = plan_simple<control::PauseSandbox>, .respond = respond_one<store::SandboxRow>});
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/resume", .operation = "resume_sandbox",
                   .summary = "Let a paused sandbox go on",
                   .query = {}, .body = json_body<NoFields>(), .answer = one<store::SandboxRow>("It runs."),
                   .plan = plan_simple<control::ResumeSandbox>, .respond = respond_one<store::SandboxRow>});
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}/stats", .operation = "get_sandbox_stats",
                   .summary = "What a sandbox uses now",
                   .query = {}, .body = {}, .answer = one<control::SandboxStatsInfo>("Its use."),
                   .plan = [](Call& call) -> Result<Action> { return control::SandboxStats{call.part("sandbox")}; },
                   .respond = respond_one<control::SandboxStatsInfo>});
}

}  // namespace

void add_sandbox_routes(std::vector<Route>& table) {
  add_life(table);
  add_state(table);
  table.push_back({.method = "POST", .pattern = "/v1/sandboxes/{sandbox}/exec", .operation = "exec",
                   .summary = "Run a program to its end",
                   .query = {}, .body = json_body<control::Exec>(), .answer = one<control::ExecResult>("How it ended."),
                   .plan = plan_exec, .respond = respond_one<control::ExecResult>});
}

}  // namespace berth::api_http
