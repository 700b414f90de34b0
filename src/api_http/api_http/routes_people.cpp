// The routes about users and keys.

#include "api_http/answers.hpp"

namespace berth::api_http {

namespace {

using control::Action;

Result<Action> plan_change_user(Call& call) {
  TRY_ASSIGN(auto action, read_body<control::ChangeUser>(call.body));
  action.name = call.part("user");
  return action;
}

Result<Action> plan_revoke_key(Call& call) {
  TRY_ASSIGN(auto key, KeyId::parse(call.part("key")));
  return control::RevokeKey{std::move(key)};
}

template <class T>
Result<Action> plan_body(Call& call) {
  TRY_ASSIGN(auto action, read_body<T>(call.body));
  return action;
}

Response respond_new_key(control::Outcome&& outcome) {
  return json_response(output_type<control::NewKey>().write(std::get<control::NewKey>(outcome)), 201);
}
Response respond_new_user(control::Outcome&& outcome) {
  return json_response(output_type<store::UserRow>().write(std::get<store::UserRow>(outcome)), 201);
}

}  // namespace

void add_people_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/v1/users", .operation = "list_users", .summary = "Everybody who may come in",
                   .query = {}, .body = {}, .answer = items<store::UserRow>("Users, by name; the machine's own is not among them."),
                   .plan = [](Call&) -> Result<Action> { return control::ListUsers{}; },
                   .respond = respond_items<store::UserRow>});
  table.push_back({.method = "POST", .pattern = "/v1/users", .operation = "add_user", .summary = "Add a user",
                   .query = {}, .body = json_body<control::AddUser>(), .answer = one<store::UserRow>("The user.", 201),
                   .plan = plan_body<control::AddUser>, .respond = respond_new_user});
  table.push_back({.method = "POST", .pattern = "/v1/users/{user}", .operation = "change_user",
                   .summary = "Change a user's role, or disable or enable him",
                   .query = {}, .body = json_body<control::ChangeUser>(), .answer = one<store::UserRow>("The user."),
                   .plan = plan_change_user, .respond = respond_one<store::UserRow>});
  table.push_back({.method = "GET", .pattern = "/v1/keys", .operation = "list_keys", .summary = "Keys that are not revoked",
                   .query = {{"user", schema::text(), "Whose; yours when absent, everybody's with \"*\".", false}},
                   .body = {}, .answer = items<store::KeyRow>("Keys, oldest first."),
                   .plan = [](Call& call) -> Result<Action> { return control::ListKeys{call.text("user").value_or("")}; },
                   .respond = respond_items<store::KeyRow>});
  table.push_back({.method = "POST", .pattern = "/v1/keys", .operation = "create_key",
                   .summary = "Make a key; its text is told this once",
                   .query = {}, .body = json_body<control::CreateKey>(), .answer = one<control::NewKey>("The key.", 201),
                   .plan = plan_body<control::CreateKey>, .respond = respond_new_key});
  table.push_back({.method = "DELETE", .pattern = "/v1/keys/{key}", .operation = "revoke_key", .summary = "Revoke a key, at once",
                   .query = {}, .body = {}, .answer = nothing("It opens nothing any more."), .plan = plan_revoke_key,
                   .respond = respond_nothing});
}

}  // namespace berth::api_http
