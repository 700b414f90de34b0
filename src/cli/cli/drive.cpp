// send, wait and output: how an agent uses a shell.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/query_filter.hpp"
#include "cli/targets.hpp"
#include "os/file.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr auto usual_wait = 30s;
constexpr auto answer_margin = 30s;                 // the server's answer after its own deadline
constexpr std::uint64_t page_bytes = 1u << 20;
constexpr std::size_t most_paste = 16u << 20;

Result<std::string> read_paste(const Context& context, const std::string& file) {
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (file != "-") {
    TRY_ASSIGN(opened, os::open_read(file));
    fd = opened.get();
  }
  std::string out;
  std::vector<char> buffer(page_bytes);
  for (;;) {
    TRY_ASSIGN(const auto count, os::read_some(fd, buffer));
    if (count && *count == 0) return out;
    if (count) out.append(buffer.data(), *count);
    if (out.size() > most_paste) return fail(Code::TooLarge, "What is pasted has more than 16 MiB.");
  }
}

Result<json::object> wait_until(const Context& context, const std::string& id, json::object until,
                                std::optional<std::chrono::milliseconds> timeout, std::optional<std::uint64_t> from) {
  const std::chrono::milliseconds limit = timeout.value_or(usual_wait);
  json::object body{{"until", std::move(until)}, {"timeout_ms", limit.count()}};
  if (from) body["from"] = *from;
  TRY_ASSIGN(json::value answer, context.api().post(terminal_path(id, "/wait"), std::move(body), limit + answer_margin));
  return object_of(answer);
}

// `give` gets the bytes of the command's output, in order.
template <class Give>
Result<> read_range(const Context& context, const std::string& id, std::uint64_t at, std::uint64_t end, Give give) {
  while (at < end) {
    TRY_ASSIGN(auto part, context.api().output(id, at, std::min(page_bytes, end - at)));
    if (part.bytes.empty() || part.from >= end) return {};
    give(std::string_view(part.bytes).substr(0, end - part.from));
    at = part.from + part.bytes.size();
  }
  return {};
}

std::uint64_t offset_of(const json::object& object, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(object, name)));
}

std::string command_path(const std::string& id, const std::string& number, const std::string& below = {}) {
  return terminal_path(id, "/commands/" + client::percent_encode(number) + below);
}

Result<json::object> get_command(const Context& context, const std::string& id, const std::string& number) {
  TRY_ASSIGN(json::value command, context.api().get(command_path(id, number)));
  return object_of(command);
}

Result<> print_text(const Context& context, const std::string& id, const std::string& number, const verb::CommandOutput& how) {
  std::string query = how.raw ? "?format=raw" : "?format=text";
  if (how.head) query += fmt::format("&head={}", *how.head);
  if (how.tail) query += fmt::format("&tail={}", *how.tail);
  TRY_ASSIGN(const auto text, context.api().text(command_path(id, number, "/output" + query)));
  context.output.print(text.body);
  if (!text.complete)
    context.output.note("A part of it is missing here: it is longer than one answer, or no longer kept. --raw gives all that is.");
  return {};
}

Result<> print_raw(const Context& context, const std::string& id, const json::object& command) {
  std::uint64_t end = offset_of(command, "output_end");
  if (text_of(command, "state") == "open") {  // so far
    TRY_ASSIGN(json::value terminal, context.api().get(terminal_path(id)));
    end = offset_of(object_of(terminal), "end");
  }
  return read_range(context, id, offset_of(command, "output_begin"), end, [&](std::string_view bytes) { context.output.print(bytes); });
}

// As it comes, until the command ends: each wait returns with the first byte that follows.
Result<json::object> follow_command(const Context& context, const std::string& id, json::object command) {
  const std::string number = std::to_string(number_of(command, "number"));
  const bool terminal_here = pty::is_terminal(context.output.streams().out);
  QueryFilter filter;
  const auto give = [&](std::string_view bytes) { context.output.print(terminal_here ? filter.feed(bytes) : std::string(bytes)); };
  for (std::uint64_t at = offset_of(command, "output_begin");;) {
    TRY_ASSIGN(json::value terminal, context.api().get(terminal_path(id)));
    TRY_ASSIGN(command, get_command(context, id, number));
    const bool open = text_of(command, "state") == "open";
    const std::uint64_t end = open ? offset_of(object_of(terminal), "end") : offset_of(command, "output_end");
    TRY(read_range(context, id, at, end, give));
    at = std::max(at, end);
    if (!open || !flag_of(object_of(terminal), "running")) return command;
    TRY(wait_until(context, id, {{"pattern", "(?s)."}}, usual_wait, at));
  }
}

std::string_view sentence(std::string_view event) {
  if (event == "timeout") return "It did not happen in time.";
  if (event == "exit") return "The terminal ended.";
  return "";
}

int exit_of(const json::object& command) {
  return static_cast<int>(number_if(command, "exit_code").value_or(Failure));
}

}  // namespace

Result<int> send(const Context& context, const verb::Send& verb) {
  if (verb.text.empty() && verb.paste.empty() && verb.keys.empty() && !verb.enter)
    return fail(Code::InvalidArgument, "There is nothing to send.", "Use --text, --paste, --key or --enter.");
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Running));
  const std::string id = text_of(terminal, "id");
  json::object body{{"text", verb.text}, {"enter", verb.enter || verb.wait_command}};
  if (!verb.paste.empty()) {
    TRY_ASSIGN(body["paste"], read_paste(context, verb.paste));
  }
  body["keys"] = json::array(verb.keys.begin(), verb.keys.end());
  TRY(context.api().post(terminal_path(id, "/keys"), std::move(body)));
  if (!verb.wait_command) return Success;
  TRY_ASSIGN(json::object happened, wait_until(context, id, {{"command_end", true}}, verb.timeout, offset_of(terminal, "end")));
  const std::string event = text_of(happened, "event");
  if (event != "command_end") {
    context.output.note(sentence(event));
    return event == "timeout" ? TimedOut : Failure;
  }
  const json::object command = object_of(happened.at("command"));
  if (context.output.json()) context.output.print_json(command);
  else TRY(print_text(context, id, std::to_string(number_of(command, "number")), {}));
  return exit_of(command);
}

Result<int> wait(const Context& context, const verb::Wait& verb) {
  json::object until;
  if (!verb.pattern.empty()) until["pattern"] = verb.pattern;
  if (verb.idle) until["idle_ms"] = verb.idle->count();
  if (verb.command_end) until["command_end"] = true;
  if (verb.exit) until["exit"] = true;
  if (until.size() != 1)
    return fail(Code::InvalidArgument, "Wait for one thing.", "Use one of --pattern, --idle, --command and --exit.");
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, verb.exit ? Want::Any : Want::Running));
  const std::string wanted = until.begin()->key();
  TRY_ASSIGN(json::object happened, wait_until(context, text_of(terminal, "id"), std::move(until), verb.timeout, verb.from));
  const std::string event = text_of(happened, "event");
  if (context.output.json()) context.output.print_json(happened);
  else if (event == "pattern") context.output.print(text_of(happened, "match") + "\n");
  else context.output.note(sentence(event));
  if (event == "timeout") return TimedOut;
  return event == "exit" && wanted != "exit" ? Failure : Success;
}

Result<int> command_output(const Context& context, const verb::CommandOutput& verb) {
  if (int{verb.head.has_value()} + int{verb.tail.has_value()} + int{verb.follow} > 1)
    return fail(Code::InvalidArgument, "--head, --tail and --follow exclude each other.");
  TRY_ASSIGN(json::object terminal, find_terminal(context, verb.target, Want::Any));
  const std::string id = text_of(terminal, "id");
  TRY_ASSIGN(json::object command, get_command(context, id, verb.number));
  if (context.output.json()) {
    context.output.print_json(command);
  } else if (verb.follow) {
    TRY_ASSIGN(command, follow_command(context, id, std::move(command)));
    return exit_of(command);
  } else if (verb.raw && !verb.head && !verb.tail) {
    TRY(print_raw(context, id, command));
  } else {
    TRY(print_text(context, id, std::to_string(number_of(command, "number")), verb));
  }
  return Success;
}

}  // namespace berth::cli
