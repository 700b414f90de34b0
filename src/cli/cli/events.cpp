#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <random>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "client/event_stream.hpp"
#include "client/problem.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t shown_text = 80;

// What an event is about, in a few words: a name, a command, how it ended.
std::string about(const json::object& event) {
  const json::object data = object_of(event.contains("data") ? event.at("data") : json::value());
  std::string out = text_of(data, "name");
  if (data.contains("number")) out = fmt::format("{}  {}", number_of(data, "number"), one_line(text_of(data, "text"), shown_text));
  if (const auto code = number_if(data, "exit_code")) out += fmt::format("  exit {}", *code);
  if (const auto signal = number_if(data, "signal")) out += fmt::format("  signal {}", *signal);
  if (const std::string reason = text_of(data, "reason"); !reason.empty()) out += "  " + reason;
  return out;
}

std::string line_of(const json::object& event) {
  const auto when = time_of(event, "time");
  std::string subject = text_of(event, "terminal");
  if (subject.empty()) subject = text_of(event, "session");
  if (subject.empty()) subject = text_of(event, "sandbox");
  return fmt::format("{:<8} {}  {:<20} {}  {}\n", number_of(event, "id"), when ? local_time(*when) : "", text_of(event, "type"), subject,
                     about(event));
}

}  // namespace

Result<int> show_events(const Context& context, const verb::Events& verb) {
  client::EventRequest request{.target = "/v1/events", .after = verb.since, .follow = verb.follow, .backoff = {},
                               .seed = std::random_device{}()};
  if (!verb.follow && !verb.since) request.after = 0;
  if (!verb.sandbox.empty()) request.target += "?sandbox=" + client::percent_encode(verb.sandbox);
  if (!verb.topic.empty())
    request.target += (verb.sandbox.empty() ? "?topics=" : "&topics=") + client::percent_encode(verb.topic);
  TRY(client::follow_events(context.endpoint, request, *context.clock, [&](const client::ServerEvent& event) -> Result<> {
    json::error_code error;
    const json::value value = json::parse(event.data, error);
    if (error) return fail(Code::Internal, "The server's answer is not what this client understands.");
    if (event.type == "closed") return std::unexpected(client::error_from_answer(0, event.data));
    if (event.type == "gap") {
      const bool asked_for_all = number_of(object_of(value), "after") == 0 && !verb.since;
      if (!asked_for_all) context.output.note(fmt::format("Events before {} are not kept.", number_of(object_of(value), "first")));
    } else if (context.output.json()) {
      context.output.print_json(value);
    } else {
      context.output.print(line_of(object_of(value)));
    }
    return {};
  }));
  return Success;
}

}  // namespace berth::cli
