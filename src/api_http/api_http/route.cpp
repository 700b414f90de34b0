#include "api_http/route.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace berth::api_http {

namespace {

using PathValues = std::vector<std::pair<std::string_view, std::string>>;

bool match_path(std::string_view pattern, const std::vector<std::string>& path, PathValues& values) {
  values.clear();
  for (const std::string& segment : path) {
    if (!pattern.starts_with('/')) return false;
    pattern.remove_prefix(1);
    const std::string_view expected = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(expected.size());
    if (expected.starts_with('{')) {
      if (segment.empty()) return false;
      values.emplace_back(expected.substr(1, expected.size() - 2), segment);
    } else if (expected != segment) {
      return false;
    }
  }
  return pattern.empty();
}

Result<> check_query(const Route& route, const Call& call) {
  for (auto at = call.query.begin(); at != call.query.end(); ++at) {
    const std::string_view shown = std::string_view(at->first).substr(0, 64);
    if (std::ranges::find(route.query, at->first, &Parameter::name) == route.query.end())
      return fail(Code::InvalidArgument, fmt::format("There is no parameter \"{}\" here.", shown));
    if (std::any_of(call.query.begin(), at, [&](const auto& earlier) { return earlier.first == at->first; }))
      return fail(Code::InvalidArgument, fmt::format("The parameter \"{}\" comes twice.", shown));
  }
  return {};
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> table = [] {
    std::vector<Route> rows;
    add_server_routes(rows);
    add_job_routes(rows);
    add_people_routes(rows);
    add_sandbox_routes(rows);
    add_terminal_routes(rows);
    add_verb_routes(rows);
    add_recording_routes(rows);
    add_file_routes(rows);
    add_event_routes(rows);
    add_session_routes(rows);
    add_device_routes(rows);
    add_snapshot_routes(rows);
    add_visit_routes(rows);
    return rows;
  }();
  return table;
}

Result<Match> match_route(std::string_view method, std::string_view target_text, std::string& allow) {
  TRY_ASSIGN(auto target, parse_target(target_text));
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  PathValues values;
  for (const Route& route : routes()) {
    if (!match_path(route.pattern, target.path, values)) continue;
    if (route.method == wanted) {
      Match match{&route, {.path = std::move(values), .query = std::move(target.query), .body = {}}};
      allow.clear();
      TRY(check_query(route, match.call));
      return match;
    }
    if (!allow.empty()) allow += ", ";
    allow += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (!allow.empty()) return fail(Code::InvalidArgument, "This address does not take that method.", "It takes " + allow + ".");
  return fail(Code::NotFound, "There is nothing at this address.", "GET /openapi.json lists what there is.");
}

}  // namespace berth::api_http
