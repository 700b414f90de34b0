// `berth snapshot create|ls|show|share|unshare|open|rm`.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/id.hpp"
#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/session_calls.hpp"
#include "cli/snapshot_calls.hpp"
#include "cli/table.hpp"
#include "os/file.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::size_t most_told = 20;  // findings beside an error

std::string ago(const Context& context, const json::object& one, const char* field) {
  const auto when = time_of(one, field);
  return when ? human_age(*when, context.clock->now()) + " ago" : std::string();
}

json::object part_of(const json::object& one, const char* field) {
  const json::value* value = one.if_contains(field);
  return value == nullptr ? json::object() : object_of(*value);
}

json::array list_of(const json::object& one, const char* field) {
  const json::value* value = one.if_contains(field);
  return value != nullptr && value->is_array() ? value->get_array() : json::array();
}

std::string size_of(const json::object& one) { return human_bytes(static_cast<std::uint64_t>(number_of(one, "bytes"))); }

std::string findings_text(const json::array& findings, std::size_t most) {
  Table table({"PART", "LINE", "WHAT", "BEGINS"});
  for (const json::value& item : findings) {
    if (most-- == 0) break;
    const json::object one = object_of(item);
    table.add({text_of(one, "part"), fmt::format("{}", number_of(one, "line")), text_of(one, "rule"), one_line(text_of(one, "shown"), 20)});
  }
  return table.text();
}

Result<int> show_findings(const Context& context, const std::string& id) {
  Progress progress(context.output, "Looking for secrets");
  TRY_ASSIGN(const json::object found, snapshot_answer(context, snapshot_request("GET", {id, {}}, "/findings")));
  const json::array all = list_of(found, "items");
  if (context.output.json()) context.output.print_json(found);
  else if (all.empty()) context.output.note("Nothing in it looks like a secret. That is no proof.");
  else context.output.print(findings_text(all, all.size()));
  if (flag_of(found, "more")) context.output.note("There is more than is listed.");
  return Success;
}

void print_view(const Context& context, const json::object& view) {
  const json::object row = part_of(view, "snapshot");
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) context.output.print(fmt::format("{:<12} {}\n", name, one_line(value, 300)));
  };
  line("id", text_of(row, "id"));
  line("title", text_of(row, "title"));
  line("description", text_of(row, "description"));
  line("owner", text_of(row, "owner"));
  line("state", text_of(row, "state"));
  line("seen by", text_of(row, "visibility"));
  line("session", text_of(row, "session"));
  line("size", size_of(row));
  line("created", ago(context, row, "created"));
  if (const json::object visits = part_of(view, "visits"); !visits.empty())
    line("visits", fmt::format("{} by {}", number_of(visits, "visits"), number_of(visits, "visitors")));
  Table parts({"PART", "KIND", "SIZE"});
  for (const json::value& item : list_of(view, "parts"))
    parts.add({text_of(object_of(item), "name"), text_of(object_of(item), "kind"), size_of(object_of(item))});
  context.output.print("\n" + parts.text());
  const json::array accesses = list_of(view, "accesses");
  if (accesses.empty()) return;
  Table tokens({"TOKEN", "LABEL", "USES", "OPENS UNTIL"});
  for (const json::value& item : accesses) {
    const json::object one = object_of(item);
    const auto expires = time_of(one, "expires");
    const std::string until = time_of(one, "revoked") ? "revoked" : expires ? local_time(*expires) : "it is revoked";
    tokens.add({text_of(one, "id"), one_line(text_of(one, "label"), 40),
                number_of(one, "most_uses") == 0 ? fmt::format("{}", number_of(one, "uses"))
                                                 : fmt::format("{} of {}", number_of(one, "uses"), number_of(one, "most_uses")),
                until});
  }
  context.output.print("\n" + tokens.text());
}

}  // namespace

Result<int> create_snapshot(const Context& context, const verb::SnapshotCreate& verb) {
  json::object body{{"leave_out", json::array(verb.leave_out.begin(), verb.leave_out.end())}};
  if (!verb.title.empty()) body["title"] = verb.title;
  if (!verb.description.empty()) body["description"] = verb.description;
  const bool of_snapshot = SnapshotId::parse(verb.source).has_value();
  client::Request request = snapshot_request("POST", {verb.source, {}}, "/derive");
  if (of_snapshot) {
    body["mask"] = verb.mask;
  } else {
    if (verb.mask) return fail(Code::InvalidArgument, "Only of a snapshot it is known what looks like a secret.", "Make one, then one of it with --mask.");
    TRY_ASSIGN(const auto session, find_session(context, verb.source));
    body["session"] = text_of(session, "id");
    request.target = "/v1/snapshots";
  }
  Progress progress(context.output, "Capturing");
  TRY_ASSIGN(const json::object made, snapshot_answer(context, std::move(request), &body));
  if (context.output.json()) context.output.print_json(made);
  else context.output.print(text_of(made, "id") + "\n");
  return Success;
}

Result<int> list_snapshots(const Context& context, const verb::SnapshotList& verb) {
  std::string target = "/v1/snapshots?order=" + verb.sort;
  if (!verb.title.empty()) target += "&title=" + client::percent_encode(verb.title);
  if (!verb.tag.empty()) target += "&tag=" + client::percent_encode(verb.tag);
  if (!verb.visibility.empty()) target += "&visibility=" + verb.visibility;
  TRY_ASSIGN(const json::array all, context.api().list(target, verb.limit));  // "cannot be read" is an error, and no empty list
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  const bool filtered = !verb.title.empty() || !verb.tag.empty() || !verb.visibility.empty();
  if (all.empty()) {
    context.output.note(filtered ? "No snapshot is like that." : "There are no snapshots yet. Make one: berth snapshot create SESSION");
    return Success;
  }
  Table table({"ID", "TITLE", "STATE", "SEEN BY", "SIZE", "CREATED"});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    table.add({text_of(one, "id"), text_of(one, "title"), text_of(one, "state"), text_of(one, "visibility"), size_of(one), ago(context, one, "created")});
  }
  context.output.print(table.text());
  return Success;
}

Result<int> show_snapshot(const Context& context, const verb::SnapshotShow& verb) {
  TRY_ASSIGN(const std::string id, find_snapshot(context, verb.snapshot));
  if (verb.findings) return show_findings(context, id);
  TRY_ASSIGN(const json::object view, snapshot_answer(context, snapshot_request("GET", {id, {}}, "")));
  if (context.output.json()) context.output.print_json(view);
  else print_view(context, view);
  return Success;
}

Result<int> share_snapshot(const Context& context, const verb::SnapshotShare& verb) {
  TRY_ASSIGN(const std::string id, find_snapshot(context, verb.snapshot));
  const bool by_token = verb.token || verb.uses > 0 || verb.expires || !verb.label.empty();
  json::object body{{"visibility", by_token ? "token" : "link"}, {"accept_findings", verb.accept_findings}};
  if (!verb.label.empty()) body["label"] = verb.label;
  if (verb.uses > 0) body["uses"] = verb.uses;
  if (verb.expires) body["expires_ms"] = verb.expires->count();
  Progress progress(context.output, "Looking for secrets");
  auto shared = snapshot_answer(context, snapshot_request("POST", {id, {}}, "/share"), &body);
  if (!shared && !shared.error().facts.empty()) {  // what was found is shown beside the refusal
    if (const auto found = snapshot_answer(context, snapshot_request("GET", {id, {}}, "/findings")))
      context.output.note(findings_text(list_of(*found, "items"), most_told));
    Error error = std::move(shared).error();
    error.hint = fmt::format("One without them: berth snapshot create {} --mask, or --leave-out PART. All the same: --accept-findings", id);
    return pass(std::move(error));
  }
  TRY_ASSIGN(json::object answer, std::move(shared));
  const std::string token = text_of(answer, "token"), link = token.empty() ? id : id + "#" + token;
  if (context.output.json()) {
    answer["link"] = link;
    context.output.print_json(answer);
    return Success;
  }
  context.output.note(token.empty() ? fmt::format("Whoever has this link sees it: berth snapshot open {}", id)
                                    : "The link, told this once. It is opened with berth snapshot open 'LINK'.");
  context.output.print(link + "\n");
  return Success;
}

Result<int> unshare_snapshot(const Context& context, const verb::SnapshotUnshare& verb) {
  TRY_ASSIGN(const std::string id, find_snapshot(context, verb.snapshot));
  json::object body;
  if (!verb.access.empty()) body["access"] = verb.access;
  TRY_ASSIGN(const json::object row, snapshot_answer(context, snapshot_request("POST", {id, {}}, "/unshare"), &body));
  if (context.output.json()) context.output.print_json(row);
  else context.output.print(verb.access.empty() ? "Nobody else sees it any more.\n" : "The token opens it no more.\n");
  return Success;
}

Result<int> open_snapshot(const Context& context, const verb::SnapshotOpen& verb) {
  TRY_ASSIGN(const SnapshotLink link, parse_snapshot_link(verb.link));
  if (!verb.part.empty() && !verb.copy.empty()) return fail(Code::InvalidArgument, "--part and --copy exclude each other.");
  if (!verb.part.empty()) {
    TRY(write_whole(context, verb.output, [&](int fd) -> Result<> {
      client::Request request = snapshot_request("GET", link, "/part?name=" + client::percent_encode(verb.part));
      request.sink = [fd](std::string_view piece) { return os::write_all(fd, piece); };
      TRY(context.api().checked(request));
      return {};
    }));
    return Success;
  }
  if (!verb.copy.empty()) {
    const json::object body{{"title", verb.copy}};
    TRY_ASSIGN(const json::object made, snapshot_answer(context, snapshot_request("POST", link, "/copy"), &body));
    return tell_session(context, made, text_of(made, "id"));
  }
  TRY_ASSIGN(const json::object visit, snapshot_answer(context, snapshot_request("POST", link, "/visits")));
  if (context.output.json()) context.output.print_json(visit);
  else print_view(context, part_of(visit, "view"));
  return Success;
}

Result<int> remove_snapshots(const Context& context, const verb::SnapshotRemove& verb) {
  for (const std::string& named : verb.snapshots) {
    TRY_ASSIGN(const std::string id, find_snapshot(context, named));
    TRY(context.api().remove("/v1/snapshots/" + id));
    if (!context.output.json()) context.output.print(fmt::format("{} is gone.\n", named));
  }
  if (context.output.json()) context.output.print_json(json::array(verb.snapshots.begin(), verb.snapshots.end()));
  return Success;
}

}  // namespace berth::cli
