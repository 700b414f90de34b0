// Terminals of the server as things: listed, named, signalled, sized, closed.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "client/terminal.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t shown_program = 40, shown_title = 30;

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
int tell(const Context& context, const json::object& terminal) {
  if (context.output.json()) context.output.print_json(terminal);
  else context.output.print(text_of(terminal, "id") + "\n");
  return Success;
}

client::Terminal at(const Context& context, const json::object& terminal) { return {context.api(), text_of(terminal, "id")}; }

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
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, Want::Any));
  TRY_ASSIGN(const auto named, at(context, terminal).rename(verb.name));
  return tell(context, named.document);
}

Result<int> signal_terminal(const Context& context, const verb::TerminalSignal& verb) {
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, Want::Running));
  TRY(at(context, terminal).signal(verb.signal));
  return tell(context, terminal);
}

Result<int> resize_terminal(const Context& context, const verb::TerminalResize& verb) {
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, Want::Running));
  TRY(at(context, terminal).resize(verb.size));
  TRY_ASSIGN(const auto now, at(context, terminal).state());
  return tell(context, now.document);
}

Result<int> close_terminal(const Context& context, const verb::TerminalClose& verb) {
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, Want::Running));
  Progress progress(context.output, fmt::format("Closing {}", verb.target));
  TRY_ASSIGN(const auto ended, at(context, terminal).close(verb.grace));
  return tell(context, ended.document);
}

}  // namespace berth::cli
