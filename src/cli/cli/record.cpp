#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <map>

#include "cli/actions.hpp"
#include "cli/follow.hpp"
#include "cli/json.hpp"
#include "cli/query_filter.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::uint64_t page_bytes = 1u << 20;
constexpr std::size_t shown_command = 80;

// Names of the sandboxes that are still there; the others are shown by their id.
std::map<std::string, std::string> sandbox_names(const Context& context) {
  std::map<std::string, std::string> out;
  if (auto sandboxes = context.api().list("/v1/sandboxes"))
    for (const json::value& item : *sandboxes) out[text_of(object_of(item), "id")] = text_of(object_of(item), "name");
  return out;
}

std::string history_query(const verb::History& verb) {
  std::string query;
  const auto add = [&](std::string_view name, std::string_view value) {
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, client::percent_encode(value));
  };
  if (!verb.target.empty()) add(names_terminal(verb.target) ? "terminal" : "sandbox", verb.target);
  if (verb.failed) add("failed", "true");
  if (verb.running) add("running", "true");
  if (verb.full_screen) add("full_screen", "true");
  if (verb.untrusted) add("trusted", "false");
  if (verb.slower) add("slower_ms", std::to_string(verb.slower->count()));
  if (!verb.cwd.empty()) add("cwd", verb.cwd);
  if (!verb.text.empty()) add("text", verb.text);
  return "/v1/commands" + query;
}

std::string history_text(const Context& context, const verb::History& verb, const json::array& commands) {
  const bool everywhere = verb.target.empty();
  auto names = everywhere ? sandbox_names(context) : std::map<std::string, std::string>();
  std::vector<std::string> head{"TIME", "EXIT", "DURATION", "DIRECTORY", "COMMAND"};
  if (everywhere) head.insert(head.begin() + 1, "SANDBOX");
  Table table(head);
  for (auto item = commands.rbegin(); item != commands.rend(); ++item) {  // oldest first, as a shell shows it
    json::object command = object_of(*item);
    auto started = time_of(command, "started");
    auto exit = number_if(command, "exit_code"), duration = number_if(command, "duration_ns");
    std::vector<std::string> row{started ? local_time(*started) : "",
                                 exit                                  ? std::to_string(*exit)
                                 : text_of(command, "state") == "open" ? "runs"
                                                                       : "?",
                                 duration ? human_duration(std::chrono::nanoseconds{*duration}) : "",
                                 text_of(command, "cwd"), one_line(text_of(command, "text"), shown_command)};
    if (everywhere) {
      std::string id = text_of(command, "sandbox");
      auto name = names.find(id);
      row.insert(row.begin() + 1, name == names.end() ? id : name->second);
    }
    table.add(std::move(row));
  }
  return table.text();
}

// All that the journal holds, page by page; `give` returns false to end early.
template <class Give>
Result<std::uint64_t> read_journal(const Context& context, const std::string& terminal, Give give) {
  std::uint64_t at = 0;
  for (;;) {
    TRY_ASSIGN(auto part, context.api().output(terminal, at, page_bytes));
    if (part.bytes.empty()) return at;
    at = part.from + part.bytes.size();
    if (!give(part.bytes)) return at;
    if (at >= part.end) return at;
  }
}

}  // namespace

Result<int> history(const Context& context, const verb::History& verb) {
  TRY_ASSIGN(json::array commands, context.api().list(history_query(verb), verb.limit));
  if (context.output.json())
    context.output.print_json(commands);
  else
    context.output.print(history_text(context, verb, commands));
  return Success;
}

Result<int> logs(const Context& context, const verb::Logs& verb) {
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Any));
  std::string id = text_of(terminal, "id");
  if (verb.follow) {
    TRY(follow(context, {.terminal = id, .name = verb.target, .from = ByteOffset{0}, .pty = false, .input = false}));
    return Success;
  }
  QueryFilter filter;
  bool terminal_here = pty::is_terminal(context.output.streams().out);
  TRY(read_journal(context, id, [&](std::string_view bytes) {
    if (terminal_here)
      context.output.print(filter.feed(bytes));
    else
      context.output.print(bytes);
    return true;
  }));
  return Success;
}

}  // namespace berth::cli
