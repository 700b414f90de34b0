// `berth session ls|show|history|diff|log|close|resume|rm|clean`.

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/session_calls.hpp"
#include "cli/table.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t shown_text = 100, largest_page = 100;

std::string ago(const Context& context, const json::object& one, const char* field) {
  const auto when = time_of(one, field);
  return when ? human_age(*when, context.clock->now()) + " ago" : std::string();
}

std::string tags_of(const json::object& session) {
  std::vector<std::string> tags;
  if (const auto* list = session.if_contains("tags"); list != nullptr && list->is_array())
    for (const json::value& tag : list->get_array())
      if (tag.is_string()) tags.emplace_back(tag.get_string());
  return fmt::format("{}", fmt::join(tags, ", "));
}

// A record of it failed its check: said where it is listed, and it can still be named.
std::string state_of(const json::object& session) { return flag_of(session, "damaged") ? "damaged" : text_of(session, "state"); }

void print_table(const Context& context, const json::array& sessions) {
  Table table({"ID", "TITLE", "STATE", "VERSION", "SIZE", "UPDATED", "TAGS"});
  for (const json::value& item : sessions) {
    const json::object one = object_of(item);
    table.add({text_of(one, "id"), text_of(one, "title"), state_of(one), fmt::format("{}", number_of(one, "version")),
               human_bytes(static_cast<std::uint64_t>(number_of(one, "document_bytes"))), ago(context, one, "updated"), tags_of(one)});
  }
  if (!sessions.empty()) context.output.print(table.text());
}

template <class F>
Result<int> for_each_session(const Context& context, const std::vector<std::string>& named, F act) {
  json::array changed;
  for (const std::string& name : named) {
    TRY_ASSIGN(const auto session, find_session(context, name));
    TRY_ASSIGN(auto now, act(session));
    changed.emplace_back(std::move(now));
  }
  if (context.output.json()) context.output.print_json(changed);
  return Success;
}

Result<int> change_state(const Context& context, const std::vector<std::string>& named, const char* action, const char* sentence) {
  return for_each_session(context, named, [&](const json::object& session) -> Result<json::object> {
    TRY_ASSIGN(auto changed, changed_session(context, session_change("POST", session_path(session, std::string("/") + action), 0)));
    if (!context.output.json()) context.output.print(fmt::format("{} is {}.\n", text_of(changed, "title"), sentence));
    return changed;
  });
}

}  // namespace

Result<int> list_sessions(const Context& context, const verb::SessionList& verb) {
  std::string target = "/v1/sessions?order=" + verb.sort;
  if (!verb.title.empty()) target += "&title=" + client::percent_encode(verb.title);
  if (!verb.tag.empty()) target += "&tag=" + client::percent_encode(verb.tag);
  if (!verb.state.empty()) target += "&state=" + verb.state;
  TRY_ASSIGN(const json::array all, context.api().list(target, verb.limit));  // "cannot be read" is an error, and no empty list
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  const bool filtered = !verb.title.empty() || !verb.tag.empty() || !verb.state.empty();
  if (all.empty()) context.output.note(filtered ? "No session is like that." : "There are no sessions yet. Make one: berth session new TITLE");
  print_table(context, all);
  return Success;
}

Result<int> show_session(const Context& context, const verb::SessionShow& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  if (context.output.json()) {
    context.output.print_json(session);
    return Success;
  }
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) context.output.print(fmt::format("{:<12} {}\n", name, one_line(value, 300)));
  };
  line("id", text_of(session, "id"));
  line("title", text_of(session, "title"));
  line("description", text_of(session, "description"));
  line("tags", tags_of(session));
  line("state", state_of(session));
  line("version", fmt::format("{}", number_of(session, "version")));
  line("size", human_bytes(static_cast<std::uint64_t>(number_of(session, "document_bytes"))));
  line("sandbox", text_of(session, "sandbox"));
  line("created", ago(context, session, "created"));
  line("updated", ago(context, session, "updated"));
  line("by", text_of(session, "client").empty() ? text_of(session, "changed_by")
                                                : text_of(session, "changed_by") + ", " + text_of(session, "client"));
  return Success;
}

Result<int> session_history(const Context& context, const verb::SessionHistory& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  const auto limit = std::clamp<std::size_t>(verb.limit, 1, largest_page);
  TRY_ASSIGN(const auto answer, context.api().get(session_path(session, fmt::format("/versions?limit={}", limit))));
  TRY_ASSIGN(const json::array all, items_of(answer));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  Table table({"VERSION", "WHAT", "SAVED", "BY", "CLIENT", "SIZE"});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    table.add({fmt::format("{}", number_of(one, "version")), text_of(one, "what"), ago(context, one, "saved"), text_of(one, "changed_by"),
               text_of(one, "client"), human_bytes(static_cast<std::uint64_t>(number_of(one, "bytes")))});
  }
  context.output.print(table.text());
  return Success;
}

Result<int> diff_session(const Context& context, const verb::SessionDiff& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  const auto to = verb.to.value_or(static_cast<std::uint64_t>(number_of(session, "version")));
  TRY_ASSIGN(const auto answer, context.api().get(session_path(session, fmt::format("/difference?from={}&to={}", verb.from, to))));
  if (context.output.json() || !answer.is_array()) {
    context.output.print_json(answer);
    return Success;
  }
  for (const json::value& step : answer.get_array()) context.output.print(json::serialize(step) + "\n");
  return Success;
}

Result<int> session_log(const Context& context, const verb::SessionLog& verb) {
  TRY_ASSIGN(const auto session, find_session(context, verb.session));
  const auto limit = std::clamp<std::size_t>(verb.limit, 1, largest_page);
  TRY_ASSIGN(const auto answer,
             context.api().get(session_path(session, fmt::format("/logs/{}?from={}&limit={}", verb.log, verb.from, limit))));
  TRY_ASSIGN(const json::array all, items_of(answer));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  if (all.empty()) context.output.note("There is nothing in this log from there on.");
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    const json::object entry = object_of(one.contains("entry") ? one.at("entry") : json::value());
    const auto when = time_of(one, "appended");
    const std::string text = entry.contains("content") ? text_of(entry, "content") : json::serialize(entry);
    context.output.print(fmt::format("{:<6} {}  {:<10} {}\n", number_of(one, "offset"), when ? local_time(*when) : "",
                                     one_line(text_of(entry, "role"), 10), one_line(text, shown_text)));
  }
  return Success;
}

Result<int> close_sessions(const Context& context, const verb::SessionClose& verb) {
  return change_state(context, verb.sessions, "close", "closed");
}

Result<int> resume_sessions(const Context& context, const verb::SessionResume& verb) {
  return change_state(context, verb.sessions, "resume", "active");
}

Result<int> remove_sessions(const Context& context, const verb::SessionRemove& verb) {
  return for_each_session(context, verb.sessions, [&](const json::object& session) -> Result<json::object> {
    TRY(context.api().remove(session_path(session)));
    if (!context.output.json()) context.output.print(fmt::format("{} is gone.\n", text_of(session, "title")));
    return session;
  });
}

Result<int> clean_sessions(const Context& context, const verb::SessionClean& verb) {
  if (!verb.older && !verb.keep)
    return fail(Code::InvalidArgument, "The clean-up has no rule.", "As --older 90d, or --keep 50; --dry-run only says which ones.");
  std::string target = std::string("/v1/sessions?dry_run=") + (verb.dry_run ? "true" : "false");
  if (verb.older) {
    const auto days = std::chrono::floor<std::chrono::days>(*verb.older);
    if (days != *verb.older || days.count() < 0) return fail(Code::InvalidArgument, "--older is in whole days.", "As --older 90d.");
    target += fmt::format("&older_days={}", days.count());
  }
  if (verb.keep) target += fmt::format("&keep={}", *verb.keep);
  TRY_ASSIGN(const auto answer, context.api().checked({.method = "DELETE", .target = target, .timeout = std::chrono::milliseconds{600'000}}));
  TRY_ASSIGN(const json::array gone, parse_items(answer.body));
  if (context.output.json()) {
    context.output.print_json(gone);
    return Success;
  }
  print_table(context, gone);
  context.output.note(fmt::format("{} closed {} {}.", gone.size(), gone.size() == 1 ? "session" : "sessions",
                                  verb.dry_run ? "would go" : gone.size() == 1 ? "is gone" : "are gone"));
  return Success;
}

}  // namespace berth::cli
