// The routes about sessions. A document goes in and out as itself; its version is the ETag, and If-Match says from which one a
// change was made.

#include <array>
#include <charconv>

#include "api_http/answers.hpp"
#include "api_http/encoding.hpp"

namespace berth::api_http {

namespace {

using control::Action;

constexpr std::string_view one_session = "/v1/sessions/{session}";

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A strong tag that is a version: "7". A weak one, a list and * do not say what was read.
Result<sessions::From> version_of(const Call& call) {
  TRY_ASSIGN(const auto text, call.header("If-Match"));
  if (!text) return sessions::From{};
  const std::string_view tag = *text;
  if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"')
    if (const auto version = whole_number(tag.substr(1, tag.size() - 2))) return sessions::From{version};
  return fail(Code::InvalidArgument, "If-Match is not the version of a session.", "It is the ETag that was read, as \"7\".");
}

Result<control::SessionChange> change_of(const Call& call) {
  control::SessionChange change;
  TRY_ASSIGN(change.session, call.session());
  TRY_ASSIGN(change.from, version_of(call));
  TRY_ASSIGN(change.client, call.client());
  TRY_ASSIGN(change.once, call.once());
  return change;
}

Result<document::Value> read_document(const Call& call, std::string_view what) {
  return document::parse(call.body, {.bytes = call.body.size()}, what);
}

// {"title": …, …}: fields of a document's body, strictly: another one is refused.
class Fields {
 public:
  static Result<Fields> of(const Call& call, std::initializer_list<std::string_view> names) {
    TRY_ASSIGN(auto value, read_document(call, "body"));
    if (!value.is_object()) return fail(Code::InvalidArgument, "The body must be an object.");
    for (const auto& member : value.get_object())
      if (std::ranges::find(names, std::string_view(member.key())) == names.end())
        return wrong_field(std::string(member.key().substr(0, 64)), "is not a field of this call");
    return Fields(std::move(value));
  }
  Result<std::optional<std::string>> text(std::string_view name) const {
    const auto* value = value_.get_object().if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) return wrong_field(std::string(name), "must be text");
    return std::string(value->get_string());
  }
  Result<std::optional<std::vector<std::string>>> texts(std::string_view name) const {
    const auto* value = value_.get_object().if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array()) return wrong_field(std::string(name), "must be a list of texts");
    std::vector<std::string> out;
    for (const auto& item : value->get_array()) {
      if (!item.is_string()) return wrong_field(std::string(name), "must be a list of texts");
      out.emplace_back(item.get_string());
    }
    return out;
  }
  Result<std::string> required(std::string_view name) const {
    TRY_ASSIGN(auto value, text(name));
    if (!value) return wrong_field(std::string(name), "is missing");
    return *std::move(value);
  }
  document::Value value(std::string_view name) const {
    const auto* found = value_.get_object().if_contains(name);
    return found == nullptr ? document::Value(json::object{}) : *found;
  }

 private:
  explicit Fields(document::Value value) : value_(std::move(value)) {}
  document::Value value_;
};

// ---- what is asked for ----
Result<Action> plan_create(Call& call) {
  TRY_ASSIGN(const auto fields, Fields::of(call, {"title", "description", "tags", "document", "sandbox"}));
  control::CreateSession action;
  TRY_ASSIGN(action.wanted.title, fields.required("title"));
  TRY_ASSIGN(auto description, fields.text("description"));
  TRY_ASSIGN(auto tags, fields.texts("tags"));
  TRY_ASSIGN(auto sandbox, fields.text("sandbox"));
  action.wanted.description = description.value_or("");
  action.wanted.tags = tags.value_or(std::vector<std::string>{});
  action.wanted.sandbox = sandbox.value_or("");
  action.wanted.document = fields.value("document");
  TRY_ASSIGN(action.client, call.client());
  TRY_ASSIGN(action.once, call.once());
  return action;
}

Result<Action> plan_copy(Call& call) {
  TRY_ASSIGN(const auto fields, Fields::of(call, {"title"}));
  control::CopySession action;
  TRY_ASSIGN(auto change, change_of(call));
  action.session = change.session;
  action.client = std::move(change.client);
  action.once = std::move(change.once);
  TRY_ASSIGN(action.title, fields.required("title"));
  return action;
}

Result<Action> plan_list(Call& call) {
  control::ListSessions action;
  action.filter.title = call.text("title").value_or("");
  action.filter.tag = call.text("tag").value_or("");
  action.after = call.text("after").value_or("");
  TRY_ASSIGN(action.filter.from, call.time("from"));
  TRY_ASSIGN(action.filter.until, call.time("until"));
  TRY_ASSIGN(const auto limit, call.number("limit"));
  if (limit) action.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(*limit, 1000));
  const auto state = call.text("state"), order = call.text("order"), direction = call.text("direction");
  if (state && *state != "active" && *state != "closed") return fail(Code::InvalidArgument, "A state is active or closed.");
  if (state) action.filter.state = *state == "active" ? store::SessionState::Active : store::SessionState::Closed;
  if (order && *order != "title" && *order != "created" && *order != "updated")
    return fail(Code::InvalidArgument, "An order is title, created or updated.");
  if (order) action.filter.order = *order == "title"     ? store::SessionOrder::Title
                                   : *order == "created" ? store::SessionOrder::Created
                                                         : store::SessionOrder::Updated;
  if (direction && *direction != "up" && *direction != "down") return fail(Code::InvalidArgument, "A direction is up or down.");
  const bool up = direction ? *direction == "up" : action.filter.order == store::SessionOrder::Title;
  action.filter.direction = up ? store::Direction::Up : store::Direction::Down;
  return action;
}

Result<Action> plan_describe(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  return control::DescribeSession{std::move(id)};
}

Result<Action> plan_get(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  TRY_ASSIGN(const auto version, call.number("version"));
  return control::GetSession{std::move(id), version};
}

Result<Action> plan_replace(Call& call) {
  TRY_ASSIGN(auto change, change_of(call));
  TRY_ASSIGN(auto value, read_document(call, "document"));
  return control::ReplaceSession{std::move(change), std::move(value)};
}

Result<Action> plan_patch(Call& call) {
  TRY_ASSIGN(auto change, change_of(call));
  const auto form = patch_form(*call.headers);
  if (!form) return fail(Code::InvalidArgument, "The body is empty.");
  TRY_ASSIGN(auto patch, read_document(call, "patch"));
  return control::PatchSession{std::move(change), *form, std::move(patch)};
}

Result<Action> plan_rename(Call& call) {
  TRY_ASSIGN(auto change, change_of(call));
  TRY_ASSIGN(const auto fields, Fields::of(call, {"title", "description", "tags"}));
  sessions::Details details;
  TRY_ASSIGN(details.title, fields.text("title"));
  TRY_ASSIGN(details.description, fields.text("description"));
  TRY_ASSIGN(details.tags, fields.texts("tags"));
  return control::RenameSession{std::move(change), std::move(details)};
}

Result<Action> plan_restore(Call& call) {
  TRY_ASSIGN(auto change, change_of(call));
  const auto version = whole_number(call.part("version"));
  if (!version) return fail(Code::InvalidArgument, "A version is a whole number.");
  return control::RestoreSession{std::move(change), *version};
}

template <class T>
Result<Action> plan_change(Call& call) {
  TRY_ASSIGN(auto change, change_of(call));
  return T{std::move(change)};
}

Result<Action> plan_versions(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  TRY_ASSIGN(const auto before, call.number("before"));
  TRY_ASSIGN(const auto limit, call.number("limit"));
  return control::ListVersions{std::move(id), before.value_or(0), static_cast<std::uint32_t>(std::min<std::uint64_t>(limit.value_or(20), 1000))};
}

Result<Action> plan_compare(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  TRY_ASSIGN(const auto from, call.number("from"));
  TRY_ASSIGN(const auto to, call.number("to"));
  if (!from || !to) return fail(Code::InvalidArgument, "Both versions, \"from\" and \"to\", are needed.");
  return control::CompareVersions{std::move(id), *from, *to};
}

Result<Action> plan_clean(Call& call) {
  constexpr std::uint64_t most_days = 36'500;
  control::CleanSessions action;
  TRY_ASSIGN(const auto days, call.number("older_days"));
  TRY_ASSIGN(const auto keep, call.number("keep"));
  if (days && *days > most_days) return fail(Code::InvalidArgument, "\"older_days\" is at most 36500.");
  if (days) action.older = std::chrono::days{*days};
  if (keep) action.keep = static_cast<std::uint32_t>(std::min<std::uint64_t>(*keep, UINT32_MAX));
  TRY_ASSIGN(action.dry_run, call.flag("dry_run"));
  TRY_ASSIGN(action.client, call.client());
  return action;
}

Result<store::SessionLog> log_of(const Call& call) {
  const std::string name = call.part("log");
  if (name == "conversation") return store::SessionLog::Conversation;
  if (name == "prompts") return store::SessionLog::Prompts;
  if (name == "usage") return store::SessionLog::Usage;
  return fail(Code::NotFound, "There is no such log.", "Logs are conversation, prompts and usage.");
}

Result<Action> plan_append(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  TRY_ASSIGN(const auto log, log_of(call));
  TRY_ASSIGN(const auto fields, Fields::of(call, {"id", "entry"}));
  TRY_ASSIGN(auto entry_id, fields.required("id"));
  TRY_ASSIGN(auto client, call.client());
  return control::AppendEntry{std::move(id), log, std::move(entry_id), fields.value("entry"), std::move(client)};
}

Result<Action> plan_entries(Call& call) {
  TRY_ASSIGN(auto id, call.session());
  TRY_ASSIGN(const auto log, log_of(call));
  TRY_ASSIGN(const auto from, call.number("from"));
  TRY_ASSIGN(const auto limit, call.number("limit"));
  return control::ListEntries{std::move(id), log, from.value_or(0), static_cast<std::uint32_t>(std::min<std::uint64_t>(limit.value_or(20), 1000))};
}

// ---- what is answered ----
std::string tag_of(std::uint64_t version) { return '"' + std::to_string(version) + '"'; }

Response respond_session(control::Outcome&& outcome) {
  const auto& row = std::get<store::SessionRow>(outcome);
  Response response = json_response(output_type<store::SessionRow>().write(row));
  response.headers.emplace_back("ETag", tag_of(row.version));
  return response;
}

Response respond_made(control::Outcome&& outcome) {
  auto& made = std::get<sessions::Made>(outcome);
  Response response = json_response(output_type<store::SessionRow>().write(made.row), 201);
  response.headers.emplace_back("ETag", tag_of(made.row.version));
  response.headers.emplace_back("Location", "/v1/sessions/" + made.row.id.str());
  if (!made.warning.empty()) response.headers.emplace_back("X-Berth-Warning", made.warning);
  return response;
}

Response respond_document(control::Outcome&& outcome) {
  auto& content = std::get<sessions::Content>(outcome);
  return {.status = 200, .content_type = "application/json", .body = std::move(content.bytes),
          .headers = {{"ETag", tag_of(content.version)}}};
}

Response respond_list(control::Outcome&& outcome) {
  const auto& page = std::get<sessions::Listed>(outcome);
  return json_response(json::object{{"items", write_all(page.rows)}, {"next", page.next}});
}

Response respond_difference(control::Outcome&& outcome) {
  return {.status = 200, .content_type = "application/json-patch+json", .body = std::get<control::Difference>(std::move(outcome)).patch,
          .headers = {}};
}

Response respond_entries(control::Outcome&& outcome) {
  const auto& entries = std::get<sessions::Entries>(outcome);
  return json_response(json::object{{"items", write_all(entries.entries)}, {"end", entries.end}});
}

RequestBody document_body() { return {BodyKind::Document, "", nullptr}; }

void add_reading(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/sessions", .operation = "list_sessions", .summary = "Your sessions",
                   .query = {{"title", schema::text(), "Part of the title.", false},
                             {"tag", schema::text(), "Only with it.", false},
                             {"state", schema::one_of({"active", "closed"}), "", false},
                             {"from", schema::time(), "Of the time that it is ordered by.", false},
                             {"until", schema::time(), "The same.", false},
                             {"order", schema::one_of({"title", "created", "updated"}), "updated when absent.", false},
                             {"direction", schema::one_of({"up", "down"}), "When absent titles go up, times down.", false},
                             {"limit", schema::integer(100, 1), "Rows of one page; 20 when absent.", false},
                             {"after", schema::text(), "`next` of the page before.", false}},
                   .body = {}, .answer = page_of<store::SessionRow>("Sessions, without their documents."), .plan = plan_list,
                   .respond = respond_list});
  table.push_back({.method = "GET", .pattern = one_session, .operation = "get_session", .summary = "A session, without its document",
                   .query = {}, .body = {}, .answer = one<store::SessionRow>("The session."), .plan = plan_describe, .respond = respond_session});
  table.back().answer.headers = {"ETag"};
  table.push_back({.method = "GET", .pattern = "/v1/sessions/{session}/document", .operation = "get_document",
                   .summary = "The document, in its one form", .query = {{"version", schema::whole(), "The newest when absent.", false}},
                   .body = {}, .answer = {200, "application/json", {}, "The document.", {"ETag"}}, .plan = plan_get, .respond = respond_document});
  table.push_back({.method = "GET", .pattern = "/v1/sessions/{session}/versions", .operation = "list_versions",
                   .summary = "Its versions, newest first",
                   .query = {{"before", schema::whole(), "Only older ones than this.", false}, {"limit", schema::integer(100, 1), "At most so many.", false}},
                   .body = {}, .answer = items<store::RevisionRow>("Versions."), .plan = plan_versions, .respond = respond_items<store::RevisionRow>});
  table.push_back({.method = "GET", .pattern = "/v1/sessions/{session}/difference", .operation = "compare_versions",
                   .summary = "What changed from one version to another",
                   .query = {{"from", schema::whole(), "Version.", true}, {"to", schema::whole(), "Version.", true}}, .body = {},
                   .answer = {200, "application/json-patch+json", {}, "JSON Patch.", {}}, .plan = plan_compare, .respond = respond_difference});
}

void add_changing(std::vector<Route>& table) {
  const Answer changed{200, "application/json", schema::named("Session"), "The session as it is now.", {"ETag"}};
  const Answer made{201, "application/json", schema::named("Session"), "It is there.", {"ETag", "Location"}};
  const auto add = [&](std::string_view method, std::string_view pattern, std::string_view operation, std::string_view summary, RequestBody body,
                       const Answer& answer, Result<Action> (*plan)(Call&), Response (*respond)(control::Outcome&&)) {
    table.push_back({.method = method, .pattern = pattern, .operation = operation, .summary = summary, .query = {}, .body = body,
                     .answer = answer, .plan = plan, .respond = respond});
  };
  add("POST", "/v1/sessions", "create_session", "Make a session", document_body(), made, plan_create, respond_made);
  add("POST", "/v1/sessions/{session}/copy", "copy_session", "Save as: a new session with its document", document_body(), made, plan_copy,
      respond_made);
  add("PUT", "/v1/sessions/{session}/document", "replace_document", "Save a document; If-Match says from which version", document_body(), changed,
      plan_replace, respond_session);
  add("PATCH", "/v1/sessions/{session}/document", "patch_document", "Save what changed; If-Match says from which version",
      {BodyKind::Patch, "", nullptr}, changed, plan_patch, respond_session);
  add("PATCH", one_session, "rename_session", "Change title, description, tags; If-Match says from which version", document_body(), changed,
      plan_rename, respond_session);
  add("POST", "/v1/sessions/{session}/versions/{version}/restore", "restore_version", "Make an older version the newest", {}, changed,
      plan_restore, respond_session);
  add("POST", "/v1/sessions/{session}/close", "close_session", "Close it", {}, changed, plan_change<control::CloseSession>, respond_session);
  add("POST", "/v1/sessions/{session}/resume", "resume_session", "Go on with it", {}, changed, plan_change<control::ResumeSession>, respond_session);
  add("DELETE", one_session, "remove_session", "Remove it with all that it holds", {}, nothing("It is gone."),
      plan_change<control::RemoveSession>, respond_nothing);
  table.push_back({.method = "DELETE", .pattern = "/v1/sessions", .operation = "clean_sessions",
                   .summary = "Remove closed sessions that are old, or beyond so many",
                   .query = {{"older_days", schema::whole(), "Those that were not changed for so long.", false},
                             {"keep", schema::whole(), "All but so many of the newest.", false},
                             {"dry_run", schema::boolean(), "Only say which ones.", false}},
                   .body = {}, .answer = items<store::SessionRow>("What went, or with dry_run would go."), .plan = plan_clean,
                   .respond = respond_items<store::SessionRow>});
}

void add_logs(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/v1/sessions/{session}/logs/{log}", .operation = "append_entry",
                   .summary = "Append to a log; the same id twice is one entry", .query = {}, .body = document_body(),
                   .answer = one<sessions::Appended>("It is durable."), .plan = plan_append, .respond = respond_one<sessions::Appended>});
  Answer page = items<sessions::Entry>("Entries in order.");
  page.schema["properties"].as_object()["end"] = schema::whole();
  page.schema["required"].as_array().emplace_back("end");
  table.push_back({.method = "GET", .pattern = "/v1/sessions/{session}/logs/{log}", .operation = "list_entries",
                   .summary = "Entries of a log: conversation, prompts or usage",
                   .query = {{"from", schema::whole(), "Place of the first one.", false}, {"limit", schema::integer(100, 1), "At most so many.", false}},
                   .body = {}, .answer = page, .plan = plan_entries, .respond = respond_entries});
}

}  // namespace

void add_session_routes(std::vector<Route>& table) {
  add_reading(table);
  add_changing(table);
  add_logs(table);
}

}  // namespace berth::api_http
