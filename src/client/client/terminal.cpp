#include "client/terminal.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "client/json.hpp"

namespace berth::client {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr auto answer_margin = 30s;  // the server's answer after its own deadline
constexpr auto longest_usual_grace = 60s;
constexpr std::uint64_t page_bytes = 1u << 20;
constexpr std::size_t page_matches = 100;

std::optional<int> int_if(const json::object& object, std::string_view name) {
  const auto number = number_if(object, name);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::uint16_t size_of(const json::object& object, std::string_view name) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(number_of(object, name), 0, UINT16_MAX));
}

TerminalState state_from(const json::value& answer) {
  json::object document = object_of(answer);
  return {.id = text_of(document, "id"), .sandbox = text_of(document, "sandbox"), .name = text_of(document, "name"),
          .kind = text_of(document, "kind"), .cwd = text_of(document, "cwd"), .title = text_of(document, "title"),
          .size = {.cols = size_of(document, "cols"), .rows = size_of(document, "rows")}, .running = flag_of(document, "running"),
          .exit_code = int_if(document, "exit_code"), .signal = int_if(document, "signal"), .end = offset_of(document, "end"),
          .document = std::move(document)};
}

Command command_from(const json::value& answer) {
  json::object document = object_of(answer);
  Command out{.terminal = text_of(document, "terminal"), .sandbox = text_of(document, "sandbox"), .text = text_of(document, "text"),
              .cwd = text_of(document, "cwd"), .started = text_of(document, "started"), .number = offset_of(document, "number").value,
              .open = text_of(document, "state") == "open", .trusted = flag_of(document, "trusted"),
              .full_screen = flag_of(document, "full_screen"), .exit_code = int_if(document, "exit_code"), .duration = {},
              .output_begin = offset_of(document, "output_begin"), .output_end = offset_of(document, "output_end"), .document = {}};
  if (const auto duration = number_if(document, "duration_ns")) out.duration = std::chrono::nanoseconds{*duration};
  out.document = std::move(document);
  return out;
}

GrepLine line_from(const json::value& answer) {
  json::object document = object_of(answer);
  GrepLine out{.terminal = text_of(document, "terminal"), .text = text_of(document, "text"), .time = text_of(document, "time"),
               .match = flag_of(document, "match"), .command = {}, .offset = offset_of(document, "offset"),
               .end = offset_of(document, "end"), .document = {}};
  out.match_begin = std::min<std::size_t>(out.text.size(), offset_of(document, "match_begin").value);
  out.match_end = std::clamp<std::size_t>(offset_of(document, "match_end").value, out.match_begin, out.text.size());
  if (const auto command = number_if(document, "command"); command && *command >= 0) out.command = static_cast<std::uint64_t>(*command);
  out.document = std::move(document);
  return out;
}

json::object body_of(const until::Any& until) {
  if (const auto* pattern = std::get_if<until::Pattern>(&until)) return {{"pattern", pattern->expression}};
  if (const auto* idle = std::get_if<until::Idle>(&until)) return {{"idle_ms", idle->time.count()}};
  if (std::holds_alternative<until::CommandEnd>(until)) return {{"command_end", true}};
  return {{"exit", true}};
}

Result<Happened::Event> event_from(std::string_view name) {
  using Event = Happened::Event;
  constexpr std::array<std::pair<std::string_view, Event>, 5> events{{{"pattern", Event::Pattern}, {"idle", Event::Idle},
      {"command_end", Event::CommandEnd}, {"exit", Event::Exit}, {"timeout", Event::Timeout}}};
  const auto found = std::ranges::find(events, name, &std::pair<std::string_view, Event>::first);
  if (found == events.end()) return fail(Code::Internal, "The server's answer is not what this client understands.");
  return found->second;
}

// "a=1&b=2", encoded.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}{}={}", text_.empty() ? "" : "&", name, percent_encode(value));
    return *this;
  }
  Query& add_if(bool wanted, std::string_view name, std::string_view value = "true") { return wanted ? add(name, value) : *this; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Result<std::vector<Command>> list_commands(const Api& api, Query query, const CommandFilter& filter) {
  query.add_if(filter.failed, "failed").add_if(filter.running, "running").add_if(filter.full_screen, "full_screen");
  query.add_if(filter.untrusted, "trusted", "false");
  if (filter.slower) query.add("slower_ms", std::to_string(filter.slower->count()));
  query.add_if(!filter.cwd.empty(), "cwd", filter.cwd).add_if(!filter.text.empty(), "text", filter.text);
  TRY_ASSIGN(const json::array items, api.list("/v1/commands" + (query.text().empty() ? "" : "?" + query.text()), filter.most));
  std::vector<Command> out;
  out.reserve(items.size());
  for (const json::value& item : items) out.push_back(command_from(item));
  return out;
}

// Page by page: a page ends with its matches, or with the time that the server gives to one.
Result<GrepResult> search(const Api& api, const std::string& path, const GrepOptions& options) {
  Query query;
  query.add("pattern", options.pattern).add_if(options.literal, "literal").add_if(options.ignore_case, "ignore_case");
  query.add("context_before", std::to_string(options.before)).add("context_after", std::to_string(options.after));
  GrepResult out;
  for (std::string after;;) {
    out.more = out.matches >= options.most;
    if (out.more) return out;
    const std::size_t limit = std::min(page_matches, options.most - out.matches);
    TRY_ASSIGN(const json::value page,
               api.get(fmt::format("{}?{}&limit={}&after={}", path, query.text(), limit, percent_encode(after))));
    TRY_ASSIGN(const json::array lines, items_of(page));
    const json::object object = object_of(page);
    for (const json::value& line : lines) out.lines.push_back(line_from(line));
    out.matches += offset_of(object, "matches").value;
    const json::value* missing = object.if_contains("missing");
    out.missing = out.missing || (missing != nullptr && missing->is_array() && !missing->get_array().empty());
    after = text_of(object, "next");
    if (after.empty()) return out;
  }
}

}  // namespace

Terminal::Terminal(Api api, std::string name) : api_(std::move(api)), name_(std::move(name)) {}

std::string Terminal::path(std::string_view below) const { return fmt::format("/v1/terminals/{}{}", percent_encode(name_), below); }

std::string Terminal::command_path(std::string_view number, std::string_view below) const {
  return path(fmt::format("/commands/{}{}", number, below));
}

Result<TerminalState> Terminal::state() const {
  TRY_ASSIGN(const json::value answer, api_.get(path()));
  return state_from(answer);
}

Result<> Terminal::send(const Input& input) const {
  json::object body{{"text", input.text}, {"keys", json::array(input.keys.begin(), input.keys.end())}, {"enter", input.enter}};
  if (!input.paste.empty()) body["paste"] = input.paste;
  TRY(api_.post(path("/keys"), std::move(body)));
  return {};
}

Result<Happened> Terminal::wait(const until::Any& until, const WaitOptions& options) const {
  json::object body{{"until", body_of(until)}, {"timeout_ms", options.timeout.count()}};
  if (options.from) body["from"] = options.from->value;
  TRY_ASSIGN(const json::value answer, api_.post(path("/wait"), std::move(body), options.timeout + answer_margin));
  Happened out{.document = object_of(answer)};
  TRY_ASSIGN(out.event, event_from(text_of(out.document, "event")));
  out.match = text_of(out.document, "match");
  out.from = offset_of(out.document, "from");
  out.end = offset_of(out.document, "end");
  const json::value* command = out.document.if_contains("command");
  if (command != nullptr && command->is_object()) out.command = command_from(*command);
  if (out.event == Happened::Event::CommandEnd && !out.command)
    return fail(Code::Internal, "The server's answer is not what this client understands.");
  return out;
}

Result<std::vector<Command>> Terminal::commands(const CommandFilter& filter) const {
  return list_commands(api_, Query().add("terminal", name_), filter);
}

Result<Command> Terminal::command(std::optional<std::uint64_t> number) const {
  TRY_ASSIGN(const json::value answer, api_.get(command_path(number ? std::to_string(*number) : "last")));
  return command_from(answer);
}

Result<Api::Text> Terminal::command_text(std::uint64_t number, const CommandTextOptions& options) const {
  Query query;
  query.add("format", options.raw ? "raw" : "text");
  if (options.head) query.add("head", std::to_string(*options.head));
  if (options.tail) query.add("tail", std::to_string(*options.tail));
  return api_.text(command_path(std::to_string(number), "/output?" + query.text()));
}

Result<> Terminal::read(ByteOffset from, ByteOffset end, const Sink& sink) const {
  for (std::uint64_t at = from.value; at < end.value;) {
    TRY_ASSIGN(const auto part, api_.output(name_, at, std::min(page_bytes, end.value - at)));
    if (part.bytes.empty() || part.from >= end.value) return {};
    TRY(sink(std::string_view(part.bytes).substr(0, end.value - part.from)));
    at = part.from + part.bytes.size();
  }
  return {};
}

Result<> Terminal::command_bytes(const Command& command, const Sink& sink) const {
  ByteOffset end = command.output_end;
  if (command.open) {
    TRY_ASSIGN(const TerminalState now, state());
    end = now.end;
  }
  return read(command.output_begin, end, sink);
}

// Each wait returns with the first byte that follows.
Result<Command> Terminal::follow_command(Command current, const Sink& sink) const {
  for (ByteOffset at = current.output_begin;;) {
    TRY_ASSIGN(const TerminalState now, state());
    TRY_ASSIGN(current, command(current.number));
    const ByteOffset end = current.open ? now.end : current.output_end;
    TRY(read(at, end, sink));
    at = std::max(at, end);
    if (!current.open || !now.running) return current;
    TRY(wait(until::Pattern{"(?s)."}, {.from = at}));
  }
}

Result<GrepResult> Terminal::grep(const GrepOptions& options) const { return search(api_, path("/grep"), options); }

Result<> Terminal::resize(TerminalSize size) const {
  TRY(api_.post(path("/resize"), json::object{{"cols", size.cols}, {"rows", size.rows}}));
  return {};
}

Result<> Terminal::signal(std::string_view name) const {
  TRY(api_.post(path("/signal"), json::object{{"signal", name}}));
  return {};
}

Result<> Terminal::signal(int number) const {
  TRY(api_.post(path("/signal"), json::object{{"signal", number}}));
  return {};
}

Result<TerminalState> Terminal::rename(std::string_view name) const {
  TRY_ASSIGN(const json::value answer, api_.post(path("/rename"), json::object{{"name", name}}));
  return state_from(answer);
}

Result<TerminalState> Terminal::close(std::optional<std::chrono::milliseconds> grace) const {
  json::object body;
  if (grace) body["grace_ms"] = grace->count();
  const std::chrono::milliseconds patience = grace.value_or(longest_usual_grace) + answer_margin;
  TRY_ASSIGN(const json::value answer, api_.post(path("/close"), std::move(body), patience));
  return state_from(answer);
}

Result<std::vector<Command>> commands_of_sandbox(const Api& api, std::string_view sandbox, const CommandFilter& filter) {
  Query query;
  query.add_if(!sandbox.empty(), "sandbox", sandbox);
  return list_commands(api, std::move(query), filter);
}

Result<GrepResult> grep_sandbox(const Api& api, std::string_view sandbox, const GrepOptions& options) {
  return search(api, fmt::format("/v1/sandboxes/{}/grep", percent_encode(sandbox)), options);
}

}  // namespace berth::client
