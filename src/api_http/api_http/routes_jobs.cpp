// The routes about background work.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_list(Call& call) {
  control::ListJobs action{.filter = {.kind = call.text("kind").value_or(""), .state = {}}, .page = {}};
  if (const auto word = call.text("state")) {
    action.filter.state = parse_job_state(*word);
    if (!action.filter.state)
      return fail(Code::InvalidArgument, "The parameter \"state\" is not a state.",
                  "States are queued, running, done, dead and cancelled.");
  }
  TRY_ASSIGN(action.page, call.page());
  return action;
}

template <class T>
Result<Action> plan_change(Call& call) {
  TRY(read_body<NoFields>(call.body));
  TRY_ASSIGN(auto job, call.job());
  return T{std::move(job)};
}

template <class T>
void add_change(std::vector<Route>& table, std::string_view pattern, std::string_view operation, std::string_view summary) {
  table.push_back({.method = "POST", .pattern = pattern, .operation = operation, .summary = summary, .query = {},
                   .body = json_body<NoFields>(), .answer = one<store::JobRow>("The job."), .plan = plan_change<T>,
                   .respond = respond_one<store::JobRow>});
}

}  // namespace

void add_job_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/jobs", .operation = "list_jobs",
                   .summary = "Background work of the server, newest first",
                   .query = page_parameters({{"kind", schema::text(), "Only this kind.", false},
                                             {"state", schema::text(), "Only in this state.", false}}),
                   .body = {}, .answer = page_of<store::JobRow>("Jobs."), .plan = plan_list,
                   .respond = respond_page<store::JobRow>});
  add_change<control::RetryJob>(table, "/v1/jobs/{job}/retry", "retry_job", "Try a job again that failed for good or was cancelled");
  add_change<control::CancelJob>(table, "/v1/jobs/{job}/cancel", "cancel_job", "Cancel a job that has not ended");
}

}  // namespace berth::api_http
