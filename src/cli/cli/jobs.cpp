#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

Result<int> change(const Context& context, const std::string& job, const char* what) {
  auto changed = context.api().post(fmt::format("/v1/jobs/{}/{}", client::percent_encode(job), what), json::object{});
  if (!changed) {
    if (changed.error().hint.empty()) changed.error().hint = "berth jobs ls lists them, with their states.";
    return pass(std::move(changed).error());
  }
  if (context.output.json())
    context.output.print_json(*changed);
  else
    context.output.print(fmt::format("{} is {}.\n", job, text_of(object_of(*changed), "state")));
  return Success;
}

}  // namespace

Result<int> list_jobs(const Context& context, const verb::JobList& verb) {
  std::string path = "/v1/jobs?limit=100";
  if (!verb.kind.empty()) path += "&kind=" + client::percent_encode(verb.kind);
  if (!verb.state.empty()) path += "&state=" + verb.state;
  TRY_ASSIGN(const json::array all, context.api().list(path));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  if (all.empty()) context.output.note("There is no such background work.");
  Table table({"JOB", "KIND", "SUBJECT", "STATE", "TRIES", "RUNS", "ERROR"});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    const std::string state = text_of(one, "state");
    const auto when = time_of(one, state == "queued" ? "run_at" : "ended");
    const auto now = context.clock->now();
    std::string runs;
    if (when) runs = *when > now ? "in " + human_age(now, *when) : human_age(*when, now) + " ago";
    table.add({text_of(one, "id"), text_of(one, "kind"), text_of(one, "subject"), state,
               std::to_string(number_of(one, "attempts")), runs, text_of(one, "error")});
  }
  if (!all.empty()) context.output.print(table.text());
  return Success;
}

Result<int> retry_job(const Context& context, const verb::JobRetry& verb) { return change(context, verb.job, "retry"); }
Result<int> cancel_job(const Context& context, const verb::JobCancel& verb) { return change(context, verb.job, "cancel"); }

}  // namespace berth::cli
