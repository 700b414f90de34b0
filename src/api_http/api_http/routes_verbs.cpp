// The routes about what ran in terminals, and about a terminal's name and end.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;
using control::GetCommandOutput;

Result<Action> plan_rename(Call& call) {
  TRY_ASSIGN(auto body, read_body<RenameBody>(call.body));
  return control::RenameTerminal{call.terminal(), std::move(body.name)};
}

Result<Action> plan_close(Call& call) {
  TRY_ASSIGN(const auto body, read_body<CloseBody>(call.body));
  return control::CloseTerminal{call.terminal(), body.grace};
}

// ---- commands ----

Result<store::CommandFilter> command_filter(const Call& call) {
  store::CommandFilter filter;
  TRY_ASSIGN(filter.failed, call.flag("failed"));
  TRY_ASSIGN(filter.running, call.flag("running"));
  TRY_ASSIGN(filter.full_screen, call.choice("full_screen"));
  TRY_ASSIGN(filter.trusted, call.choice("trusted"));
  TRY_ASSIGN(const auto slower, call.number("slower_ms"));
  constexpr std::uint64_t nanoseconds = 1'000'000, most = std::uint64_t{365} * 24 * 3600 * 1000;
  if (slower && *slower > most) return fail(Code::InvalidArgument, "The parameter \"slower_ms\" is more than a year.");
  if (slower) filter.slower_than_ns = static_cast<std::int64_t>(*slower * nanoseconds);
  filter.cwd = call.text("cwd");
  filter.text = call.text("text");
  return filter;
}

Result<Action> plan_commands(Call& call) {
  control::ListCommands action{.sandbox = call.text("sandbox").value_or(""), .terminal = {}, .page = {}};
  if (auto terminal = call.text("terminal")) action.terminal = control::TerminalTarget::named(*std::move(terminal));
  TRY_ASSIGN(action.page, call.page());
  TRY_ASSIGN(action.filter, command_filter(call));
  return action;
}

Result<Action> plan_command(Call& call) {
  TRY_ASSIGN(const auto number, call.command_number());
  return control::GetCommand{call.terminal(), number};
}

Result<Action> plan_command_output(Call& call) {
  GetCommandOutput action{.terminal = call.terminal(), .number = {}, .head = {}, .tail = {}};
  TRY_ASSIGN(action.number, call.command_number());
  const auto form = call.text("format").value_or("text");
  if (form == "raw") action.form = GetCommandOutput::Form::Raw;
  else if (form != "text")
    return fail(Code::InvalidArgument, "The parameter \"format\" is not one of them.", "Formats are text and raw.");
  TRY_ASSIGN(const auto head, call.small("head", 0));
  TRY_ASSIGN(const auto tail, call.small("tail", 0));
  if (call.text("head")) action.head = head;
  if (call.text("tail")) action.tail = tail;
  return action;
}

Response respond_command_output(control::Outcome&& outcome) {
  auto& output = std::get<control::CommandOutput>(outcome);
  const bool raw = output.form == GetCommandOutput::Form::Raw;
  return {.status = 200, .content_type = raw ? "application/octet-stream" : "text/plain; charset=utf-8",
          .body = std::move(output.data),
          .headers = {{"X-Berth-Command", std::to_string(output.number)},
                      {"X-Berth-From", std::to_string(output.from.value)},
                      {"X-Berth-End", std::to_string(output.end.value)},
                      {"X-Berth-Complete", output.complete ? "true" : "false"},
                      {"X-Berth-Running", output.running ? "true" : "false"}}};
}

// ---- grep ----

Result<control::Grep> grep_of(const Call& call) {
  control::Grep grep{.terminal = {}, .sandbox = {}, .pattern = {}, .from = {}, .to = {}, .cursor = call.text("after").value_or("")};
  TRY_ASSIGN(grep.pattern, call.required_text("pattern"));
  TRY_ASSIGN(grep.literal, call.flag("literal"));
  TRY_ASSIGN(grep.ignore_case, call.flag("ignore_case"));
  TRY_ASSIGN(grep.before, call.small("context_before", 0));
  TRY_ASSIGN(grep.after, call.small("context_after", 0));
  TRY_ASSIGN(grep.limit, call.small("limit", grep.limit));
  return grep;
}

Result<Action> plan_grep_terminal(Call& call) {
  TRY_ASSIGN(auto grep, grep_of(call));
  grep.terminal = call.terminal();
  TRY_ASSIGN(const auto from, call.number("from"));
  TRY_ASSIGN(const auto to, call.number("to"));
  if (from) grep.from = ByteOffset{*from};
  if (to) grep.to = ByteOffset{*to};
  return grep;
}

Result<Action> plan_grep_sandbox(Call& call) {
  TRY_ASSIGN(auto grep, grep_of(call));
  grep.sandbox = call.part("sandbox");
  return grep;
}

std::vector<Parameter> grep_parameters(std::vector<Parameter> more = {}) {
  std::vector<Parameter> out{{"pattern", schema::text(), "A regular expression (RE2).", true},
                             {"literal", schema::boolean(), "The pattern is text and no expression.", false},
                             {"ignore_case", schema::boolean(), "Upper and lower case are one.", false},
                             {"context_before", schema::integer(100), "Lines before each match.", false},
                             {"context_after", schema::integer(100), "Lines after each match.", false},
                             {"limit", schema::integer(1000, 1), "Matches of one page; 100 when absent.", false},
                             {"after", schema::text(), "`next` of the page before.", false}};
  for (auto& parameter : more) out.push_back(std::move(parameter));
  return out;
}

}  // namespace

void add_verb_routes(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/rename", .operation = "rename_terminal",
                   .summary = "Give a terminal a name, or take it away",
                   .query = {}, .body = json_body<RenameBody>(), .answer = one<control::TerminalInfo>("The terminal."),
                   .plan = plan_rename, .respond = respond_one<control::TerminalInfo>});
  table.push_back({.method = "POST", .pattern = "/v1/terminals/{terminal}/close", .operation = "close_terminal",
                   .summary = "Hang up, kill after a grace; answers when it has ended",
                   .query = {}, .body = json_body<CloseBody>(), .answer = one<control::TerminalInfo>("It has ended."),
                   .plan = plan_close, .respond = respond_one<control::TerminalInfo>});
  table.push_back({.method = "GET", .pattern = "/v1/commands", .operation = "list_commands",
                   .summary = "The shell commands that were run, newest first",
                   .query = page_parameters({{"sandbox", schema::text(), "Only of this sandbox.", false},
                                             {"terminal", schema::text(), "Only of this terminal.", false},
                                             {"failed", schema::boolean(), "Only those that ended, and not with 0.", false},
                                             {"running", schema::boolean(), "Only those that still run.", false},
                                             {"slower_ms", schema::whole(), "Only those that took at least so long.", false},
                                             {"cwd", schema::text(), "Only those in this directory, or below it.", false},
                                             {"text", schema::text(), "Only those whose text has this in it.", false},
                                             {"full_screen", schema::boolean(), "Only those that used the alternate screen, or did not.", false},
                                             {"trusted", schema::boolean(), "Only those that were told with the terminal's secret, or were not.", false}}),
                   .body = {}, .answer = page_of<store::CommandRow>("A page of them; with a filter it may be short and have a next."),
                   .plan = plan_commands, .respond = respond_page<store::CommandRow>});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/commands/{number}", .operation = "get_command",
                   .summary = "One command, by its number or \"last\"",
                   .query = {}, .body = {}, .answer = one<store::CommandRow>("The command."),
                   .plan = plan_command, .respond = respond_one<store::CommandRow>});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/commands/{number}/output", .operation = "get_command_output",
                   .summary = "What a command printed, as text or as it is",
                   .query = {{"format", schema::text(), "text (as it stood on the screen) or raw.", false},
                             {"head", schema::whole(), "Only so many lines of its beginning.", false},
                             {"tail", schema::whole(), "Only so many lines of its end.", false}},
                   .body = {},
                   .answer = {200, "text/plain; charset=utf-8", {}, "The output; of another type when it is raw.",
                              {"X-Berth-Command", "X-Berth-From", "X-Berth-End", "X-Berth-Complete", "X-Berth-Running"}},
                   .plan = plan_command_output, .respond = respond_command_output});
  table.push_back({.method = "GET", .pattern = "/v1/terminals/{terminal}/grep", .operation = "grep_terminal",
                   .summary = "Lines of a terminal's output that match, with the lines around them",
                   .query = grep_parameters({{"from", schema::whole(), "Offset to begin at.", false},
                                             {"to", schema::whole(), "Offset to end at.", false}}),
                   .body = {}, .answer = one<control::GrepPage>("A page of them."),
                   .plan = plan_grep_terminal, .respond = respond_one<control::GrepPage>});
  table.push_back({.method = "GET", .pattern = "/v1/sandboxes/{sandbox}/grep", .operation = "grep_sandbox",
                   .summary = "The same over all terminals of a sandbox, the oldest first",
                   .query = grep_parameters(), .body = {}, .answer = one<control::GrepPage>("A page of them."),
                   .plan = plan_grep_sandbox, .respond = respond_one<control::GrepPage>});
}

}  // namespace berth::api_http
