// `berth visits ls|rm`.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/snapshot_calls.hpp"
#include "cli/table.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

std::string ago(const Context& context, const json::object& one, const char* field) {
  const auto when = time_of(one, field);
  return when ? human_age(*when, context.clock->now()) + " ago" : std::string();
}

}  // namespace

Result<int> list_visits(const Context& context, const verb::VisitList& verb) {
  std::string target = "/v1/visits?order=" + verb.sort;
  if (!verb.title.empty()) target += "&title=" + client::percent_encode(verb.title);
  if (verb.gone) target += "&gone=true";
  TRY_ASSIGN(const json::array all, context.api().list(target, verb.limit));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  if (all.empty()) {
    context.output.note(verb.title.empty() && !verb.gone ? "You have seen no snapshots of others yet." : "No visit is like that.");
    return Success;
  }
  Table table({"SNAPSHOT", "TITLE", "VISITS", "FIRST", "LAST", ""});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    table.add({text_of(one, "snapshot"), text_of(one, "title"), fmt::format("{}", number_of(one, "count")), ago(context, one, "first"),
               ago(context, one, "last"), flag_of(one, "gone") ? "removed" : ""});
  }
  context.output.print(table.text());
  return Success;
}

Result<int> remove_visits(const Context& context, const verb::VisitRemove& verb) {
  for (const std::string& named : verb.snapshots) {
    TRY_ASSIGN(const SnapshotLink link, parse_snapshot_link(named));
    TRY(context.api().remove("/v1/visits/" + link.id));
    if (!context.output.json()) context.output.print(fmt::format("{} is not in the list.\n", link.id));
  }
  if (context.output.json()) context.output.print_json(json::array(verb.snapshots.begin(), verb.snapshots.end()));
  return Success;
}

}  // namespace berth::cli
