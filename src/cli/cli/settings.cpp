#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "cli/actions.hpp"
#include "cli/table.hpp"
#include "config/config.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

config::Sources sources(const Context& context) {
  return {.file = context.home / "config.yaml", .environment = context.environment};
}

}  // namespace

Result<int> show_settings(const Context& context) {
  TRY_ASSIGN(config::Config config, config::load(sources(context)));
  json::array out;
  Table table({"SETTING", "VALUE", "FROM"});
  for (const config::Shown& setting : config.show()) {
    out.push_back({{"name", setting.name},
                   {"value", setting.value},
                   {"source", setting.source},
                   {"environment", setting.environment}});
    table.add({setting.name, setting.value, setting.source});
  }
  if (context.output.json())
    context.output.print_json(out);
  else
    context.output.print(table.text());
  for (const config::Problem& warning : config.warnings) context.output.note("warning: " + warning.text());
  return Success;
}

Result<int> check_settings(const Context& context) {
  auto problems = config::check(sources(context));
  if (context.output.json()) {
    json::array out;
    for (const auto& p : problems)
      out.push_back({{"where", p.where}, {"key", p.key}, {"expected", p.expected}, {"code", to_string(p.code)}});
    context.output.print_json(out);
  } else {
    for (const auto& problem : problems) context.output.print(problem.text() + "\n");
    if (problems.empty()) context.output.print("The configuration is right.\n");
  }
  return problems.empty() ? Success : InvalidOrMissing;
}

}  // namespace berth::cli
