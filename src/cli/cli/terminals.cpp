// Terminals of the server as things: listed, named, signalled, sized, closed.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t shown_program = 40, shown_title = 30;
constexpr std::chrono::seconds usual_grace{60}, close_margin{30};

std::string program_of(const json::object& terminal) {
  std::string out;
  if (const json::value* argv = terminal.if_contains("argv"); argv != nullptr && argv->is_array())
    for (const json::value& word : argv->get_array())
      if (word.is_string()) out += (out.empty() ? "" : " ") + std::string(word.get_string());
  return one_line(out.empty() ? "shell" : out, shown_program);
}

std::string state_of(const json::object& terminal) {
  if (flag_of(terminal, "running")) return "runs";
  if (const auto code = number_if(terminal, "exit_code")) return fmt::format("ended ({})", *code);
  if (const auto signal = number_if(terminal, "signal")) return fmt::format("killed ({})", *signal);
  return "ended";
}

Result<json::array> terminals_of(const Context& context, const std::string& sandbox, bool all) {
  TRY_ASSIGN(json::value answer, context.api().get(sandbox_path(sandbox, "/terminals")));
  TRY_ASSIGN(json::array terminals, items_of(answer));
  json::array out;
  for (json::value& terminal : terminals)
    if (all || flag_of(object_of(terminal), "running")) out.push_back(std::move(terminal));
  return out;
}

// The answer of a verb that changes one: for a program all of it, for a person what it is called.
Result<int> tell(const Context& context, const json::value& terminal) {
  if (context.output.json()) context.output.print_json(terminal);
  else context.output.print(text_of(object_of(terminal), "id") + "\n");
  return Success;
}

}  // namespace

Result<int> list_terminals(const Context& context, const verb::TerminalList& verb) {
  json::array sandboxes, all;
  if (verb.sandbox.empty()) {
    TRY_ASSIGN(sandboxes, context.api().list("/v1/sandboxes"));
  } else {
    TRY_ASSIGN(json::value one, context.api().get(sandbox_path(verb.sandbox)));
    sandboxes.push_back(std::move(one));
  }
  Table table({"SANDBOX", "NAME", "STATE", "SIZE", "PROGRAM", "TITLE", "ID"});
  for (const json::value& item : sandboxes) {
    const json::object sandbox = object_of(item);
    TRY_ASSIGN(json::array terminals, terminals_of(context, text_of(sandbox, "id"), verb.all));
    for (json::value& each : terminals) {
      const json::object terminal = object_of(each);
      table.add({text_of(sandbox, "name"), text_of(terminal, "name"), state_of(terminal),
                 fmt::format("{}x{}", number_of(terminal, "cols"), number_of(terminal, "rows")), program_of(terminal),
                 one_line(text_of(terminal, "title"), shown_title), text_of(terminal, "id")});
      all.push_back(std::move(each));
    }
  }
  if (context.output.json()) context.output.print_json(all);
  else context.output.print(table.text());
  if (all.empty()) context.output.note("No terminal runs: berth exec SANDBOX -t -- sh starts one, --all shows those that ended.");
  return Success;
}

Result<int> rename_terminal(const Context& context, const verb::TerminalRename& verb) {
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Any));
  TRY_ASSIGN(json::value named, context.api().post(terminal_path(text_of(terminal, "id"), "/rename"), json::object{{"name", verb.name}}));
  return tell(context, named);
}

Result<int> signal_terminal(const Context& context, const verb::TerminalSignal& verb) {
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Running));
  TRY(context.api().post(terminal_path(text_of(terminal, "id"), "/signal"), json::object{{"signal", verb.signal}}));
  return tell(context, terminal);
}

Result<int> resize_terminal(const Context& context, const verb::TerminalResize& verb) {
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Running));
  const std::string id = text_of(terminal, "id");
  TRY(context.api().post(terminal_path(id, "/resize"), json::object{{"cols", verb.cols}, {"rows", verb.rows}}));
  TRY_ASSIGN(json::value now, context.api().get(terminal_path(id)));
  return tell(context, now);
}

Result<int> close_terminal(const Context& context, const verb::TerminalClose& verb) {
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Running));
  json::object body;
  if (verb.grace) body["grace_ms"] = verb.grace->count();
  const std::chrono::milliseconds patience = verb.grace.value_or(usual_grace) + close_margin;
  Progress progress(context.output, fmt::format("Closing {}", verb.target));
  TRY_ASSIGN(json::value ended, context.api().post(terminal_path(text_of(terminal, "id"), "/close"), std::move(body), patience));
  return tell(context, ended);
}

}  // namespace berth::cli
