#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

bool is_live(const json::value& sandbox) {
  std::string state = text_of(object_of(sandbox), "state");
  return state == "provisioning" || state == "running" || state == "paused";
}

std::string age_of(const Context& context, const json::object& object, std::string_view field) {
  auto time = time_of(object, field);
  return time ? human_age(*time, context.clock->now()) : "";
}

// Each of several sandboxes; the first error decides the exit code, the others are told too.
template <class Do>
Result<int> for_each(const Context& context, const std::vector<std::string>& sandboxes, const std::string& doing,
                     Do action) {
  json::array done;
  int code = Success;
  for (const std::string& sandbox : sandboxes) {
    Progress progress(context.output, fmt::format("{} {}", doing, sandbox));
    Result<json::value> result = action(sandbox);
    if (!result) {
      int failed = context.output.fail(result.error());
      if (code == Success) code = failed;
      continue;
    }
    if (context.output.json())
      done.push_back(*std::move(result));
    else
      context.output.print(sandbox + "\n");
  }
  if (context.output.json()) context.output.print_json(done);
  return code;
}

}  // namespace

Result<int> list(const Context& context, const verb::List& verb) {
  TRY_ASSIGN(json::array sandboxes, context.api().list("/v1/sandboxes"));
  if (!verb.all)
    sandboxes.erase(
        std::remove_if(sandboxes.begin(), sandboxes.end(), [](const json::value& s) { return !is_live(s); }),
        sandboxes.end());
  if (context.output.json()) {
    context.output.print_json(sandboxes);
    return Success;
  }
  Table table({"NAME", "STATE", "TEMPLATE", "ISOLATION", "MEMORY", "AGE", "ID"});
  for (const json::value& item : sandboxes) {
    json::object sandbox = object_of(item);
    std::string state = text_of(sandbox, "state"), reason = text_of(sandbox, "reason");
    if (state == "failed" && !reason.empty()) state += ": " + one_line(reason, 50);
    const json::value* limits = sandbox.if_contains("limits");
    auto memory = limits != nullptr ? number_of(object_of(*limits), "memory_bytes") : 0;
    table.add({text_of(sandbox, "name"), state, text_of(sandbox, "template"), text_of(sandbox, "isolation"),
               memory > 0 ? human_bytes(static_cast<std::uint64_t>(memory)) : "", age_of(context, sandbox, "created"),
               text_of(sandbox, "id")});
  }
  context.output.print(table.text());
  if (sandboxes.empty())
    context.output.note(verb.all ? "No sandbox yet: berth run"
                                 : "No sandbox runs: berth run starts one, berth ls --all shows all");
  return Success;
}

Result<int> stop(const Context& context, const verb::Stop& verb) {
  return for_each(context, verb.sandboxes, "Stopping", [&](const std::string& sandbox) {
    json::object body;
    if (verb.grace) body["grace_ms"] = verb.grace->count();
    auto patience = verb.grace.value_or(std::chrono::milliseconds{0}) + std::chrono::minutes{2};
    return context.api().post(sandbox_path(sandbox, "/stop"), std::move(body), patience);
  });
}

Result<int> remove(const Context& context, const verb::Remove& verb) {
  return for_each(context, verb.sandboxes, "Removing", [&](const std::string& sandbox) -> Result<json::value> {
    TRY(context.api().remove(sandbox_path(sandbox, verb.force ? "?force=true" : "")));
    return json::value{{"removed", sandbox}};
  });
}

Result<int> pause(const Context& context, const verb::Pause& verb) {
  return for_each(context, verb.sandboxes, "Pausing", [&](const std::string& sandbox) {
    return context.api().post(sandbox_path(sandbox, "/pause"), json::object());
  });
}

Result<int> resume(const Context& context, const verb::Resume& verb) {
  return for_each(context, verb.sandboxes, "Resuming", [&](const std::string& sandbox) {
    return context.api().post(sandbox_path(sandbox, "/resume"), json::object());
  });
}

}  // namespace berth::cli
