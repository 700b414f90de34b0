#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/server.hpp"
#include "cli/table.hpp"
#include "config/config.hpp"

namespace berth::cli {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

Result<json::array> templates(const Context& context) {
  TRY_ASSIGN(json::value answer, context.api().get("/v1/templates"));
  return items_of(answer);
}

Result<std::optional<json::object>> find_template(const Context& context, const std::string& name) {
  TRY_ASSIGN(json::array all, templates(context));
  for (const json::value& item : all)
    if (text_of(object_of(item), "name") == name) return object_of(item);
  return std::nullopt;
}

// The answer comes when it is built; what happens until then stands in the list of templates.
Result<json::value> build_with_progress(const Context& context, const std::string& name, bool rebuild) {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<json::value>> result;
  std::jthread building([&] {
    json::object body;
    if (rebuild) body["rebuild"] = true;
    auto answer =
        context.api().post(fmt::format("/v1/templates/{}/build", client::percent_encode(name)), std::move(body), 0ms);
    std::lock_guard hold(mutex);
    result = std::move(answer);
    done.notify_one();
  });
  Progress progress(context.output, fmt::format("Building template {}", name));
  std::unique_lock hold(mutex);
  while (!done.wait_for(hold, 300ms, [&] { return result.has_value(); })) {
    hold.unlock();
    auto seen = find_template(context, name);
    progress.tell(seen && *seen ? text_of(**seen, "progress") : "");
    hold.lock();
  }
  return *std::move(result);
}

}  // namespace

Result<> ensure_template(const Context& context, std::string name) {
  if (name.empty() && context.local) {
    auto config = config::load({.file = context.home / "config.yaml", .environment = context.environment});
    if (config) name = config->settings.sandbox.template_;
  }
  if (name.empty()) return {};  // the server knows
  TRY_ASSIGN(auto found, find_template(context, name));
  if (!found || text_of(*found, "state") == "ready") return {};  // an unknown one is the server's to refuse
  context.output.note(fmt::format("berth: template {} is not built yet; building it, once", name));
  TRY(build_with_progress(context, name, false));
  return {};
}

Result<int> list_templates(const Context& context) {
  TRY(ensure_server(context));
  TRY_ASSIGN(json::array all, templates(context));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  Table table({"NAME", "STATE", "SIZE", "BUILT", "DESCRIPTION"});
  for (const json::value& item : all) {
    json::object one = object_of(item);
    auto built = time_of(one, "built");
    auto size = number_of(one, "size_bytes");
    table.add({text_of(one, "name"), text_of(one, "state"),
               size > 0 ? human_bytes(static_cast<std::uint64_t>(size)) : "",
               built ? human_age(*built, context.clock->now()) + " ago" : "", text_of(one, "description")});
  }
  context.output.print(table.text());
  return Success;
}

Result<int> build_template(const Context& context, const verb::TemplateBuild& verb) {
  TRY(ensure_server(context));
  TRY_ASSIGN(json::value built, build_with_progress(context, verb.name, verb.rebuild));
  if (context.output.json()) {
    context.output.print_json(built);
  } else {
    auto size = number_of(object_of(built), "size_bytes");
    context.output.print(fmt::format("Template {} is ready ({}).\n", verb.name,
                                     human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(0, size)))));
  }
  return Success;
}

Result<int> remove_template(const Context& context, const verb::TemplateRemove& verb) {
  TRY(context.api().remove("/v1/templates/" + client::percent_encode(verb.name)));
  if (context.output.json())
    context.output.print_json(json::object{{"removed", verb.name}});
  else
    context.output.print(verb.name + "\n");
  return Success;
}

}  // namespace berth::cli
