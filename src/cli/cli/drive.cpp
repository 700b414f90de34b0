// send, wait and output: how an agent uses a shell.
#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/query_filter.hpp"
#include "cli/targets.hpp"
#include "client/terminal.hpp"
#include "os/file.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr auto usual_wait = 30s;
constexpr std::size_t read_bytes = 1u << 20, most_paste = 16u << 20;

Result<std::string> read_paste(const Context& context, const std::string& file) {
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (file != "-") {
    TRY_ASSIGN(opened, os::open_read(file));
    fd = opened.get();
  }
  std::string out;
  std::vector<char> buffer(read_bytes);
  for (;;) {
    TRY_ASSIGN(const auto count, os::read_some(fd, buffer));
    if (count && *count == 0) return out;
    if (count) out.append(buffer.data(), *count);
    if (out.size() > most_paste) return fail(Code::TooLarge, "What is pasted has more than 16 MiB.");
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Result<client::Command> find_command(const client::Terminal& terminal, const std::string& number) {
  if (number == "last") return terminal.command();
  const auto parsed = parse_number(number);
  if (!parsed) return fail(Code::InvalidArgument, fmt::format("\"{}\" is no command's number.", number), "Use a number of `berth history`, or \"last\".");
  return terminal.command(*parsed);
}

Result<> print_text(const Context& context, const client::Terminal& terminal, std::uint64_t number, const client::CommandTextOptions& how) {
  TRY_ASSIGN(const auto text, terminal.command_text(number, how));
  context.output.print(text.body);
  if (!text.complete)
    context.output.note("A part of it is missing here: it is longer than one answer, or no longer kept. --raw gives all that is.");
  return {};
}

// As it comes, until the command ends.
Result<client::Command> follow_command(const Context& context, const client::Terminal& terminal, client::Command command) {
  const bool terminal_here = pty::is_terminal(context.output.streams().out);
  QueryFilter filter;
  return terminal.follow_command(std::move(command), [&](std::string_view bytes) -> Result<> {
    context.output.print(terminal_here ? filter.feed(bytes) : std::string(bytes));
    return {};
  });
}

std::string_view sentence(client::Happened::Event event) {
  if (event == client::Happened::Event::Timeout) return "It did not happen in time.";
  if (event == client::Happened::Event::Exit) return "The terminal ended.";
  return "";
}

int exit_of(const client::Command& command) { return command.exit_code.value_or(Failure); }

// The one thing that is waited for.
Result<client::until::Any> wanted(const verb::Wait& verb) {
  std::vector<client::until::Any> all;
  if (!verb.pattern.empty()) all.emplace_back(client::until::Pattern{verb.pattern});
  if (verb.idle) all.emplace_back(client::until::Idle{*verb.idle});
  if (verb.command_end) all.emplace_back(client::until::CommandEnd{});
  if (verb.exit) all.emplace_back(client::until::Exit{});
  if (all.size() != 1) return fail(Code::InvalidArgument, "Wait for one thing.", "Use one of --pattern, --idle, --command and --exit.");
  return all.front();
}

}  // namespace

Result<int> send(const Context& context, const verb::Send& verb) {
  using Event = client::Happened::Event;
  if (verb.text.empty() && verb.paste.empty() && verb.keys.empty() && !verb.enter)
    return fail(Code::InvalidArgument, "There is nothing to send.", "Use --text, --paste, --key or --enter.");
  TRY_ASSIGN(const json::object found, find_terminal(context, verb.target, Want::Running));
  const client::Terminal terminal(context.api(), text_of(found, "id"));
  client::Input input{.text = verb.text, .paste = {}, .keys = verb.keys, .enter = verb.enter || verb.wait_command};
  if (!verb.paste.empty()) {
    TRY_ASSIGN(input.paste, read_paste(context, verb.paste));
  }
  TRY(terminal.send(input));
  if (!verb.wait_command) return Success;
  TRY_ASSIGN(const auto happened, terminal.wait(client::until::CommandEnd{}, {.from = offset_of(found, "end"),
                                                                            .timeout = verb.timeout.value_or(usual_wait)}));
  if (happened.event != Event::CommandEnd) {
    context.output.note(sentence(happened.event));
    return happened.event == Event::Timeout ? TimedOut : Failure;
  }
  if (context.output.json()) context.output.print_json(happened.command->document);
  else TRY(print_text(context, terminal, happened.command->number, {}));
  return exit_of(*happened.command);
}

Result<int> wait(const Context& context, const verb::Wait& verb) {
  using Event = client::Happened::Event;
  TRY_ASSIGN(const auto until, wanted(verb));
  TRY_ASSIGN(const json::object found, find_terminal(context, verb.target, verb.exit ? Want::Any : Want::Running));
  client::WaitOptions options{.from = {}, .timeout = verb.timeout.value_or(usual_wait)};
  if (verb.from) options.from = ByteOffset{*verb.from};
  TRY_ASSIGN(const auto happened, client::Terminal(context.api(), text_of(found, "id")).wait(until, options));
  if (context.output.json()) context.output.print_json(happened.document);
  else if (happened.event == Event::Pattern) context.output.print(happened.match + "\n");
  else context.output.note(sentence(happened.event));
  if (happened.event == Event::Timeout) return TimedOut;
  return happened.event == Event::Exit && !verb.exit ? Failure : Success;
}

Result<int> command_output(const Context& context, const verb::CommandOutput& verb) {
  if (int{verb.head.has_value()} + int{verb.tail.has_value()} + int{verb.follow} > 1)
    return fail(Code::InvalidArgument, "--head, --tail and --follow exclude each other.");
  TRY_ASSIGN(const json::object found, find_terminal(context, verb.target, Want::Any));
  const client::Terminal terminal(context.api(), text_of(found, "id"));
  TRY_ASSIGN(client::Command command, find_command(terminal, verb.number));
  if (context.output.json()) {
    context.output.print_json(command.document);
  } else if (verb.follow) {
    TRY_ASSIGN(command, follow_command(context, terminal, std::move(command)));
    return exit_of(command);
  } else if (verb.raw && !verb.head && !verb.tail) {
    TRY(terminal.command_bytes(command, [&](std::string_view bytes) -> Result<> {
      context.output.print(bytes);
      return {};
    }));
  } else {
    TRY(print_text(context, terminal, command.number, {.raw = verb.raw, .head = verb.head, .tail = verb.tail}));
  }
  return Success;
}

}  // namespace berth::cli
