#pragma once
// The routes of the API as one table. The router, the handlers and the OpenAPI document are all made from it, so that
// none of them can know a route that another does not.
//
// A route is two pure functions: `plan` turns a call into an action, `respond` the outcome into an answer. Pages (health,
// metrics, the document) have neither and need no key. An outcome that is a reader of the timeline is answered as
// server-sent events. Private to api_http.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api_http/call.hpp"
#include "api_http/http.hpp"
#include "api_http/schema.hpp"
#include "control/actions.hpp"

namespace berth::api_http {

struct Parameter {
  std::string_view name;
  json::object schema;
  std::string_view about;
  bool required = false;
};

// Document: JSON of a session, read strictly (document/json.hpp). Patch: the same, of a type that says which patch it is.
// Stream: bytes that the action reads as they come.
enum class BodyKind { None, Json, Bytes, Document, Patch, Stream };

struct RequestBody {
  BodyKind kind = BodyKind::None;
  std::string_view schema;               // name in components, for Json
  json::object (*make_schema)() = nullptr;
};

struct Answer {
  unsigned status = 200;
  std::string_view content_type;         // "" has no body
  json::object schema;                   // for JSON
  std::string_view about;
  std::vector<std::string_view> headers;
};

enum class Page { None, Health, Ready, Metrics, Document };

struct Route {
  std::string_view method;
  std::string_view pattern;              // "/v1/sandboxes/{sandbox}"
  std::string_view operation;
  std::string_view summary;
  std::vector<Parameter> query;
  RequestBody body;
  Answer answer;
  Result<control::Action> (*plan)(Call&) = nullptr;
  Response (*respond)(control::Outcome&&) = nullptr;
  Page page = Page::None;
  Result<control::Action> (*plan_socket)(Call&) = nullptr;  // of the same address as a WebSocket
  bool ends_with_client = false;         // a wait: nobody needs its answer when its client has gone
  [[nodiscard]] bool needs_key() const { return page == Page::None; }
  [[nodiscard]] bool upgrades() const { return plan != nullptr && respond == nullptr && !streams; }  // to a WebSocket alone
  bool streams = false;                  // events, as they come
};

[[nodiscard]] const std::vector<Route>& routes();

// Parts of the table, one file each.
void add_server_routes(std::vector<Route>& table);
void add_job_routes(std::vector<Route>& table);
void add_people_routes(std::vector<Route>& table);
void add_sandbox_routes(std::vector<Route>& table);
void add_terminal_routes(std::vector<Route>& table);
void add_verb_routes(std::vector<Route>& table);
void add_attach_route(std::vector<Route>& table);
void add_recording_routes(std::vector<Route>& table);
void add_file_routes(std::vector<Route>& table);
void add_event_routes(std::vector<Route>& table);
void add_session_routes(std::vector<Route>& table);
void add_device_routes(std::vector<Route>& table);
void add_snapshot_routes(std::vector<Route>& table);
void add_visit_routes(std::vector<Route>& table);

struct Match {
  const Route* route = nullptr;
  Call call;
};
// NotFound without a route of this path; with `allow` filled when the path has routes for other methods. HEAD is GET.
// A parameter that the route does not have, or one that comes twice, is InvalidArgument.
Result<Match> match_route(std::string_view method, std::string_view target, std::string& allow);

}  // namespace berth::api_http
