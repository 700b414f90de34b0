#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/share.hpp"
#include "cli/table.hpp"
#include "config/types.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

std::string ago(const Context& context, const json::object& one, const char* field) {
  const auto when = time_of(one, field);
  if (!when) return "";
  const auto now = context.clock->now();
  return *when > now ? "in " + human_age(now, *when) : human_age(*when, now) + " ago";
}

Result<int> told(const Context& context, const json::value& user, std::string_view sentence) {
  if (context.output.json()) context.output.print_json(user);
  else context.output.print(fmt::format("{} {}.\n", text_of(object_of(user), "name"), sentence));
  return Success;
}

Result<json::value> post_change(const Context& context, const std::string& name, json::object body) {
  return context.api().post("/v1/users/" + client::percent_encode(name), std::move(body));
}

}  // namespace

Result<> add_expiry(json::object& body, const std::string& text) {
  if (text.empty()) return {};
  const auto time = config::parse_milliseconds(text);
  if (!time || time->count() <= 0) return fail(Code::InvalidArgument, "--expires is no time.", "As 12h or 30d.");
  body["expires_ms"] = time->count();
  return {};
}

Result<int> add_user(const Context& context, const verb::UserAdd& verb) {
  TRY_ASSIGN(const json::value made, context.api().post("/v1/users", json::object{{"name", verb.name}, {"role", verb.role}}));
  TRY(told(context, made, fmt::format("is a {} now", verb.role)));
  if (!context.output.json()) context.output.note(fmt::format("A key for {}: berth key create --user {}", verb.name, verb.name));
  return Success;
}

Result<int> change_user(const Context& context, const verb::UserChange& verb) {
  TRY_ASSIGN(const json::value changed, post_change(context, verb.name, {{"role", verb.role}}));
  return told(context, changed, fmt::format("is a {} now", verb.role));
}

Result<int> set_user_disabled(const Context& context, const std::string& name, bool disabled) {
  TRY_ASSIGN(const json::value changed, post_change(context, name, {{"disabled", disabled}}));
  return told(context, changed, disabled ? "is disabled: no key of this user is taken" : "is enabled");
}

Result<int> list_users(const Context& context) {
  TRY_ASSIGN(const json::value answer, context.api().get("/v1/users"));
  TRY_ASSIGN(const json::array all, items_of(answer));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  if (all.empty()) context.output.note("There are no users besides you. Add one: berth user add NAME");
  Table table({"USER", "ROLE", "DISABLED", "ADDED"});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    table.add({text_of(one, "name"), text_of(one, "role"), ago(context, one, "disabled"), ago(context, one, "created")});
  }
  if (!all.empty()) context.output.print(table.text());
  return Success;
}

Result<int> create_key(const Context& context, const verb::KeyCreate& verb) {
  json::object body{{"label", verb.label}};
  if (!verb.user.empty()) body["user"] = verb.user;
  if (!verb.scopes.empty()) body["scopes"] = json::array(verb.scopes.begin(), verb.scopes.end());
  TRY(add_expiry(body, verb.expires));
  TRY_ASSIGN(const json::value made, context.api().post("/v1/keys", std::move(body)));
  if (context.output.json()) {
    context.output.print_json(made);
    return Success;
  }
  context.output.note("The key, told this once:");
  context.output.print(text_of(object_of(made), "text") + "\n");
  return Success;
}

Result<int> list_keys(const Context& context, const verb::KeyList& verb) {
  std::string path = "/v1/keys";
  if (verb.all) path += "?user=*";
  else if (!verb.user.empty()) path += "?user=" + client::percent_encode(verb.user);
  TRY_ASSIGN(const json::value answer, context.api().get(path));
  TRY_ASSIGN(const json::array all, items_of(answer));
  if (context.output.json()) {
    context.output.print_json(all);
    return Success;
  }
  if (all.empty()) context.output.note("There are no keys.");
  Table table({"KEY", "USER", "LABEL", "SCOPES", "MADE", "EXPIRES", "USED"});
  for (const json::value& item : all) {
    const json::object one = object_of(item);
    std::vector<std::string> scopes;
    if (const auto* list = one.if_contains("scopes"); list != nullptr && list->is_array())
      for (const auto& scope : list->get_array()) scopes.emplace_back(scope.get_string());
    if (const auto terminal = text_of(one, "terminal"); !terminal.empty()) scopes.push_back(terminal);
    table.add({text_of(one, "id"), text_of(one, "user"), text_of(one, "label"), fmt::format("{}", fmt::join(scopes, " ")),
               ago(context, one, "created"), ago(context, one, "expires"), ago(context, one, "used")});
  }
  if (!all.empty()) context.output.print(table.text());
  return Success;
}

Result<int> revoke_key(const Context& context, const verb::KeyRevoke& verb) {
  if (auto revoked = context.api().remove("/v1/keys/" + client::percent_encode(verb.key)); !revoked) {
    if (revoked.error().hint.empty()) revoked.error().hint = "berth key ls lists yours, with --all those of everybody.";
    return pass(std::move(revoked).error());
  }
  if (!context.output.json()) context.output.print(fmt::format("{} opens nothing any more.\n", verb.key));
  return Success;
}

}  // namespace berth::cli
