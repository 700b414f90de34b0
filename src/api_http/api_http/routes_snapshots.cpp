// The routes about snapshots. A token goes in the header X-Berth-Token: addresses end up in logs.

#include <algorithm>

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

constexpr std::string_view one_snapshot = "/v1/snapshots/{snapshot}";

Result<control::SnapshotTarget> target_of(const Call& call) {
  control::SnapshotTarget out;
  TRY_ASSIGN(out.snapshot, call.snapshot());
  TRY_ASSIGN(out.token, call.token());
  return out;
}

Result<control::SnapshotChange> change_of(const Call& call) {
  control::SnapshotChange out;
  TRY_ASSIGN(out.client, call.client());
  TRY_ASSIGN(out.once, call.once());
  return out;
}

template <class T>
Result<Action> plan_target(Call& call) {
  TRY_ASSIGN(auto target, target_of(call));
  return T{std::move(target)};
}

template <class T>
Result<Action> plan_own(Call& call) {
  TRY_ASSIGN(auto id, call.snapshot());
  return T{std::move(id)};
}

template <class Body>
snapshots::NewSnapshot wanted_of(Body&& body) {
  return {.session = {}, .title = std::move(body.title), .description = std::move(body.description), .tags = std::move(body.tags),
          .leave_out = std::move(body.leave_out)};
}

// ---- what is asked for ----
Result<Action> plan_create(Call& call) {
  TRY_ASSIGN(auto body, read_body<SnapshotBody>(call.body));
  control::CreateSnapshot action;
  TRY_ASSIGN(auto session, SessionId::parse(body.session));
  action.wanted = wanted_of(std::move(body));
  action.wanted.session = std::move(session);
  TRY_ASSIGN(action.change, change_of(call));
  return action;
}

Result<Action> plan_derive(Call& call) {
  TRY_ASSIGN(auto body, read_body<DeriveBody>(call.body));
  control::DeriveSnapshot action;
  TRY_ASSIGN(action.snapshot, call.snapshot());
  const bool mask = body.mask;
  action.wanted = wanted_of(std::move(body));
  action.wanted.mask = mask;
  TRY_ASSIGN(action.change, change_of(call));
  return action;
}

Result<Action> plan_import(Call& call) {
  control::ImportSnapshot action{.source = call.stream, .title = call.text("title").value_or(""), .change = {}};
  TRY_ASSIGN(action.change, change_of(call));
  return action;
}

Result<Action> plan_list(Call& call) {
  using store::SnapshotState, store::Visibility;
  control::ListSnapshots action;
  auto& filter = action.filter;
  filter.title = call.text("title").value_or("");
  filter.tag = call.text("tag").value_or("");
  action.after = call.text("after").value_or("");
  TRY_ASSIGN(filter.from, call.time("from"));
  TRY_ASSIGN(filter.until, call.time("until"));
  TRY_ASSIGN(action.limit, call.small("limit", 20));
  const auto state = call.text("state"), seen_by = call.text("visibility"), order = call.text("order"), direction = call.text("direction");
  if (state && *state != "creating" && *state != "ready" && *state != "damaged")
    return fail(Code::InvalidArgument, "A state is creating, ready or damaged.");
  if (state) filter.state = *state == "creating" ? SnapshotState::Creating : *state == "ready" ? SnapshotState::Ready : SnapshotState::Damaged;
  if (seen_by && *seen_by != "owner" && *seen_by != "link" && *seen_by != "token")
    return fail(Code::InvalidArgument, "A visibility is owner, link or token.");
  if (seen_by) filter.visibility = *seen_by == "owner" ? Visibility::Owner : *seen_by == "link" ? Visibility::Link : Visibility::Token;
  if (order && *order != "title" && *order != "created") return fail(Code::InvalidArgument, "An order is title or created.");
  if (order && *order == "title") filter.order = store::SnapshotOrder::Title;
  if (direction && *direction != "up" && *direction != "down") return fail(Code::InvalidArgument, "A direction is up or down.");
  const bool up = direction ? *direction == "up" : filter.order == store::SnapshotOrder::Title;
  filter.direction = up ? store::Direction::Up : store::Direction::Down;
  return action;
}

Result<Action> plan_part(Call& call) {
  TRY_ASSIGN(auto target, target_of(call));
  TRY_ASSIGN(auto name, call.required_text("name"));
  return control::ReadPart{std::move(target), std::move(name)};
}

Result<Action> plan_copy(Call& call) {
  TRY_ASSIGN(auto body, read_body<CopyBody>(call.body));
  control::CopySnapshot action;
  TRY_ASSIGN(action.target, target_of(call));
  TRY_ASSIGN(action.change, change_of(call));
  action.title = std::move(body.title);
  return action;
}

Result<Action> plan_share(Call& call) {
  TRY_ASSIGN(auto wanted, read_body<snapshots::Sharing>(call.body));
  TRY_ASSIGN(auto id, call.snapshot());
  return control::ShareSnapshot{std::move(id), std::move(wanted)};
}

Result<Action> plan_unshare(Call& call) {
  TRY_ASSIGN(auto body, read_body<UnshareBody>(call.body));
  control::UnshareSnapshot action;
  TRY_ASSIGN(action.snapshot, call.snapshot());
  if (!body.access.empty()) {
    TRY_ASSIGN(auto access, AccessId::parse(body.access));
    action.access = std::move(access);
  }
  return action;
}

// ---- what is answered ----
Response made_response(json::value body, const SnapshotId& id) {
  Response response = json_response(body, 201);
  response.headers.emplace_back("Location", "/v1/snapshots/" + id.str());
  return response;
}

Response respond_made(control::Outcome&& outcome) {
  const auto& made = std::get<snapshots::Made>(outcome);
  Response response = made_response(output_type<store::SnapshotRow>().write(made.row), made.row.id);
  if (!made.warning.empty()) response.headers.emplace_back("X-Berth-Warning", made.warning);
  return response;
}

Response respond_received(control::Outcome&& outcome) {
  const auto& received = std::get<snapshots::Received>(outcome);
  return made_response(output_type<snapshots::Received>().write(received), received.row.id);
}

Response respond_list(control::Outcome&& outcome) {
  const auto& page = std::get<snapshots::Listed>(outcome);
  return json_response(json::object{{"items", write_all(page.rows)}, {"next", page.next}});
}

Response respond_session(control::Outcome&& outcome) {
  const auto& made = std::get<sessions::Made>(outcome);
  Response response = json_response(output_type<store::SessionRow>().write(made.row), 201);
  response.headers.emplace_back("Location", "/v1/sessions/" + made.row.id.str());
  if (!made.warning.empty()) response.headers.emplace_back("X-Berth-Warning", made.warning);
  return response;
}

Response respond_findings(control::Outcome&& outcome) {
  const auto& found = std::get<snapshots::Scanned>(outcome);
  return json_response(json::object{{"items", write_all(found.findings)}, {"more", found.more}});
}

// What somebody put into a session is nobody's page: a browser saves it, and may do nothing with it otherwise.
Response respond_bytes(control::Outcome&& outcome) {
  auto stream = std::get<std::shared_ptr<control::SnapshotStream>>(std::move(outcome));
  std::string name = stream->bundle() ? stream->name() + ".berth" : stream->name().substr(stream->name().rfind('/') + 1);
  return {.status = 200, .content_type = stream->bundle() ? "application/zstd" : "application/octet-stream", .body = {},
          .headers = {{"Content-Disposition", "attachment; filename=\"" + name + "\""},
                      {"Content-Security-Policy", "sandbox; default-src 'none'"}},
          .stream = std::move(stream)};
}

void add_own(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/snapshots", .operation = "list_snapshots", .summary = "Your snapshots",
                   .query = {{"title", schema::text(), "Part of the title.", false},
                             {"tag", schema::text(), "Only with it.", false},
                             {"state", schema::one_of({"creating", "ready", "damaged"}), "", false},
                             {"visibility", schema::one_of({"owner", "link", "token"}), "", false},
                             {"from", schema::time(), "Made then or later.", false},
                             {"until", schema::time(), "Made before.", false},
                             {"order", schema::one_of({"title", "created"}), "created when absent.", false},
                             {"direction", schema::one_of({"up", "down"}), "When absent titles go up, times down.", false},
                             {"limit", schema::integer(100, 1), "Rows of one page; 20 when absent.", false},
                             {"after", schema::text(), "`next` of the page before.", false}},
                   .body = {}, .answer = page_of<store::SnapshotRow>("Snapshots, without what they hold."), .plan = plan_list,
                   .respond = respond_list});
  Answer made = one<store::SnapshotRow>("It is whole, and durable.", 201);
  made.headers = {"Location"};
  table.push_back({.method = "POST", .pattern = "/v1/snapshots", .operation = "create_snapshot", .summary = "Capture a session as it is",
                   .query = {}, .body = json_body<SnapshotBody>(), .answer = made, .plan = plan_create, .respond = respond_made});
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/derive", .operation = "derive_snapshot",
                   .summary = "Another one without some parts, or without what looks like a secret", .query = {},
                   .body = json_body<DeriveBody>(), .answer = made, .plan = plan_derive, .respond = respond_made});
  Answer received = one<snapshots::Received>("It was verified, and is whole.", 201);
  received.headers = {"Location"};
  table.push_back({.method = "POST", .pattern = "/v1/bundles", .operation = "import_snapshot", .summary = "Make a snapshot of a bundle",
                   .query = {{"title", schema::text(), "As the bundle says when absent.", false}}, .body = {BodyKind::Stream},
                   .answer = received, .plan = plan_import, .respond = respond_received});
  table.push_back({.method = "DELETE", .pattern = one_snapshot, .operation = "remove_snapshot", .summary = "Remove it; its bytes go in the background",
                   .query = {}, .body = {}, .answer = nothing("Nobody sees it any more."), .plan = plan_own<control::RemoveSnapshot>,
                   .respond = respond_nothing});
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/verify", .operation = "verify_snapshot",
                   .summary = "Read and check all of it", .query = {}, .body = {}, .answer = one<store::SnapshotRow>("It is as it was made."),
                   .plan = plan_own<control::VerifySnapshot>, .respond = respond_one<store::SnapshotRow>});
}

void add_sharing(std::vector<Route>& table) {
  Answer findings = items<snapshots::Finding>("What looks like a secret. No finding is no proof.");
  findings.schema["properties"].as_object()["more"] = schema::boolean();
  findings.schema["required"].as_array().emplace_back("more");
  table.push_back({.method = "GET", .pattern = "/v1/snapshots/{snapshot}/findings", .operation = "scan_snapshot",
                   .summary = "What looks like a secret in it", .query = {}, .body = {}, .answer = findings,
                   .plan = plan_own<control::ScanSnapshot>, .respond = respond_findings});
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/share", .operation = "share_snapshot",
                   .summary = "Show it to whoever has its link, or its link and a token", .query = {}, .body = json_body<snapshots::Sharing>(),
                   .answer = one<snapshots::Shared>("It is shown; the token is told once."), .plan = plan_share,
                   .respond = respond_one<snapshots::Shared>});
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/unshare", .operation = "unshare_snapshot",
                   .summary = "Revoke a token, or the link and all of them", .query = {}, .body = json_body<UnshareBody>(),
                   .answer = one<store::SnapshotRow>("It is as before."), .plan = plan_unshare, .respond = respond_one<store::SnapshotRow>});
}

void add_seeing(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = one_snapshot, .operation = "get_snapshot",
                   .summary = "A snapshot and the list of its parts; X-Berth-Token opens another's", .query = {}, .body = {},
                   .answer = one<snapshots::View>("The snapshot."), .plan = plan_target<control::GetSnapshot>, .respond = respond_one<snapshots::View>});
  table.push_back({.method = "GET", .pattern = "/v1/snapshots/{snapshot}/part", .operation = "read_part", .summary = "The bytes of a part",
                   .query = {{"name", schema::text(), "Of the part.", true}}, .body = {},
                   .answer = {200, "application/octet-stream", {}, "The part, in pieces.", {"Content-Disposition"}}, .plan = plan_part,
                   .respond = respond_bytes});
  table.push_back({.method = "GET", .pattern = "/v1/snapshots/{snapshot}/bundle", .operation = "export_snapshot",
                   .summary = "All of it as one signed file", .query = {}, .body = {},
                   .answer = {200, "application/zstd", {}, "The bundle, in pieces.", {"Content-Disposition"}},
                   .plan = plan_target<control::ExportSnapshot>, .respond = respond_bytes});
  Answer session = one<store::SessionRow>("The new session.", 201);
  session.headers = {"Location"};
  table.push_back({.method = "POST", .pattern = "/v1/snapshots/{snapshot}/copy", .operation = "copy_snapshot",
                   .summary = "A new session with its document", .query = {}, .body = json_body<CopyBody>(), .answer = session,
                   .plan = plan_copy, .respond = respond_session});
}

}  // namespace

void add_snapshot_routes(std::vector<Route>& table) {
  add_own(table);
  add_sharing(table);
  add_seeing(table);
}

}  // namespace berth::api_http
