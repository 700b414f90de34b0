#include "cli/share.hpp"

#include <fmt/format.h>

#include "base/id.hpp"
#include "cli/actions.hpp"
#include "cli/follow.hpp"
#include "cli/json.hpp"
#include "cli/server.hpp"
#include "cli/targets.hpp"
#include "os/process.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view terminals = "/v1/terminals/", attaching = "/attach", key_prefix = "berth_";

// Where others reach this server: it may listen on TCP besides the socket that is used here.
std::string server_url(const Context& context) {
  if (!context.local) return context.endpoint.describe();
  const auto record = find_server(context.home);
  return record ? record->url : "";
}

Result<Context> context_of(Context context, const Link& link) {
  if (link.server.empty()) {
    context.endpoint.key = link.key;
    return context;
  }
  TRY_ASSIGN(context.endpoint, client::parse_endpoint(link.server, link.key));
  context.endpoint.ca_file = os::env_value(context.environment, "BERTH_CA");
  context.local = false;
  return context;
}

}  // namespace

Result<std::optional<Link>> parse_link(std::string_view text) {
  const auto hash = text.find('#');
  if (hash == std::string_view::npos) return std::nullopt;
  const auto broken = [] {
    return fail(Code::InvalidArgument, "This link is not whole.", "It is what berth share printed: quote it, # and what follows is of it.");
  };
  std::string_view where = text.substr(0, hash);
  Link link{.server = {}, .terminal = {}, .key = std::string(text.substr(hash + 1))};
  if (const auto at = where.rfind(terminals); at != std::string_view::npos) {
    link.server = where.substr(0, at);
    where.remove_prefix(at + terminals.size());
    if (!where.ends_with(attaching) || link.server.empty()) return broken();
    where.remove_suffix(attaching.size());
  }
  link.terminal = where;
  if (!TerminalId::parse(link.terminal) || !link.key.starts_with(key_prefix)) return broken();
  return link;
}

std::string link_text(const Link& link) {
  if (link.server.empty()) return fmt::format("{}#{}", link.terminal, link.key);
  return fmt::format("{}{}{}{}#{}", link.server, terminals, link.terminal, attaching, link.key);
}

Result<int> share(const Context& context, const verb::Share& verb) {
  TRY_ASSIGN(const json::object terminal, find_terminal(context, verb.target, names_terminal(verb.target) ? Want::Any : Want::Running));
  const std::string id = text_of(terminal, "id");
  json::object body{{"terminal", id}, {"label", verb.label}};
  TRY(add_expiry(body, verb.expires));
  TRY_ASSIGN(const json::value made, context.api().post("/v1/keys", std::move(body)));
  json::object answer = object_of(made);
  const std::string link = link_text({.server = server_url(context), .terminal = id, .key = text_of(answer, "text")});
  if (context.output.json()) {
    answer["link"] = link;
    context.output.print_json(answer);
    return Success;
  }
  const json::value* key = answer.if_contains("key");
  context.output.note(fmt::format("The link, told this once. It shows {} with berth attach 'LINK'; away with it: berth key revoke {}",
                                  verb.target, key == nullptr ? "" : text_of(object_of(*key), "id")));
  context.output.print(link + "\n");
  return Success;
}

// A link opens the screen and the stream and no more: what kind of terminal it is, only these can say.
Result<int> attach_link(const Context& here, const Link& link, const std::string& from) {
  TRY_ASSIGN(const Context context, context_of(here, link));
  FollowOptions options{.terminal = link.terminal, .name = fmt::format("'{}#KEY'", link.terminal), .from = {}, .at = from, .drawn = {},
                        .pty = true, .input = at_terminal(context), .seat = client::AttachOptions::Seat::Never};
  auto screen = context.api().screen(link.terminal, "vt", from);
  if (screen && at_terminal(context)) {
    options.at.clear();
    options.from = ByteOffset{screen->offset};
    options.drawn = screen->data;
  } else if (!screen && screen.error().code != Code::FailedPrecondition) {
    return pass(std::move(screen).error());
  } else {
    options.pty = screen.has_value();  // else it has pipes
    if (from.empty()) options.at = "0ms";
  }
  TRY_ASSIGN(const Followed followed, follow(context, options));
  return followed.code;
}

}  // namespace berth::cli
