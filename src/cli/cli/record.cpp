#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <map>
#include <vector>

#include "cli/actions.hpp"
#include "cli/follow.hpp"
#include "cli/json.hpp"
#include "cli/query_filter.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "client/terminal.hpp"
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

Result<std::vector<client::Command>> find_commands(const Context& context, const verb::History& verb) {
  const client::CommandFilter filter{.failed = verb.failed, .running = verb.running, .full_screen = verb.full_screen,
                                     .untrusted = verb.untrusted, .slower = verb.slower, .cwd = verb.cwd, .text = verb.text,
                                     .most = verb.limit};
  if (names_terminal(verb.target)) return client::Terminal(context.api(), verb.target).commands(filter);
  return client::commands_of_sandbox(context.api(), verb.target, filter);
}

std::string history_text(const Context& context, const verb::History& verb, const std::vector<client::Command>& commands) {
  const bool everywhere = verb.target.empty();
  auto names = everywhere ? sandbox_names(context) : std::map<std::string, std::string>();
  std::vector<std::string> head{"TIME", "EXIT", "DURATION", "DIRECTORY", "COMMAND"};
  if (everywhere) head.insert(head.begin() + 1, "SANDBOX");
  Table table(head);
  for (auto command = commands.rbegin(); command != commands.rend(); ++command) {  // oldest first, as a shell shows it
    const auto started = parse_time(command->started);
    std::vector<std::string> row{started ? local_time(*started) : "",
                                 command->exit_code ? std::to_string(*command->exit_code) : command->open ? "runs" : "?",
                                 command->duration ? human_duration(*command->duration) : "", command->cwd,
                                 one_line(command->text, shown_command)};
    if (everywhere) {
      const auto name = names.find(command->sandbox);
      row.insert(row.begin() + 1, name == names.end() ? command->sandbox : name->second);
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
  TRY_ASSIGN(const auto commands, find_commands(context, verb));
  if (context.output.json()) {
    json::array documents;
    for (const client::Command& command : commands) documents.push_back(command.document);
    context.output.print_json(documents);
  } else {
    context.output.print(history_text(context, verb, commands));
  }
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
