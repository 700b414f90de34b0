#include "api_http/exchange.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "api_http/outputs.hpp"
#include "api_http/problem.hpp"
#include "base/id.hpp"
#include "crypto/crypto.hpp"
#include "os/socket.hpp"

namespace berth::api_http {

namespace {

constexpr std::string_view key_protocol = "berth.key.";
constexpr std::string_view terminal_protocol = "berth.terminal.v1";
constexpr std::string_view events_protocol = "berth.events.v1";

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The offered subprotocol that begins like this.
std::optional<std::string_view> offered(const Headers& headers, std::string_view prefix) {
  auto list = find_header(headers, "Sec-WebSocket-Protocol").value_or("");
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto name = trim(list.substr(0, comma));
    if (name.starts_with(prefix)) return name.substr(prefix.size());
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string new_request_id() { return "req_" + encode_id_bits(crypto::random_array<16>()); }

std::unexpected<Error> too_large_body(std::optional<std::uint64_t> size, std::uint64_t limit) {
  return fail(Code::TooLarge, size ? fmt::format("The body has {} bytes; the limit is {}.", *size, limit)
                                   : fmt::format("The body is larger than the limit of {} bytes.", limit));
}

std::string terminal_json(const control::TerminalInfo& info) {
  return json::serialize(output_type<control::TerminalInfo>().write(info));
}

std::string event_json(const store::EventRow& event) { return json::serialize(output_type<store::EventRow>().write(event)); }

Exchange::Exchange(Shared& shared, const Peer& peer, Request request, Body& body)
    : shared_(shared), peer_(peer), request_(std::move(request)), body_(body), id_(new_request_id()) {}

boost::asio::awaitable<Response> Exchange::answer() {
  Result<Response> response = fail(Code::Internal, "");
  try {
    response = co_await handle();
  } catch (const std::exception& defect) {
    response = std::unexpected(Error{.code = Code::Internal, .operation = "handle", .subject = defect.what()});
  }
  if (!response) response = refuse(response.error());
  add_common_headers(*response);
  shared_.log.debug("request", {{"request_id", id_}, {"method", request_.method}, {"target", request_.target},
                                {"status", response->status}});
  co_return *std::move(response);
}

boost::asio::awaitable<Result<Response>> Exchange::handle() {
  auto origin = check_access(shared_.access, peer_.scheme, request_.headers);
  if (!origin) co_return co_await refuse_stranger(std::move(origin).error());
  origin_ = *origin;
  if (request_.method == "OPTIONS" && origin_ == Origin::Configured)
    co_return Response{.status = 204, .content_type = {}, .body = {},
                       .headers = {{"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
                                   {"Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID, If-Match, Idempotency-Key, X-Berth-Client, X-Berth-Token"}}};
  auto match = match_route(request_.method, request_.target, allow_);
  if (!match) co_return co_await refuse_stranger(std::move(match).error());
  const Route& route = *match->route;
  control::Caller caller;
  if (route.needs_key()) {
    CO_TRY_ASSIGN(caller, co_await identify(&route));
  }
  match->call.headers = &request_.headers;
  if (route.body.kind == BodyKind::Stream) {
    CO_TRY_ASSIGN(auto outcome, co_await take_in(*std::move(match), std::move(caller)));
    co_return route.respond(std::move(outcome));
  }
  CO_TRY(co_await read_body(&*match));
  if (route.page != Page::None) co_return page(route.page);
  const bool socket = asks_for_socket(route);
  CO_TRY_ASSIGN(auto action, (socket && route.plan_socket != nullptr ? route.plan_socket : route.plan)(match->call));
  if (socket) co_return co_await attach(std::move(caller), std::move(action));
  CO_TRY_ASSIGN(auto outcome, co_await perform(route, std::move(caller), std::move(action)));
  if (route.streams) {
    events_ = std::get<std::shared_ptr<events::Reader>>(std::move(outcome));
    co_return Response{.status = 200, .content_type = "text/event-stream", .body = {}, .headers = {}};
  }
  co_return route.respond(std::move(outcome));
}

bool Exchange::asks_for_socket(const Route& route) const {
  return route.upgrades() || (route.plan_socket != nullptr && count_header(request_.headers, "Upgrade") > 0);
}

boost::asio::awaitable<Result<control::Outcome>> Exchange::perform(const Route& route, control::Caller caller, control::Action action) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (!route.ends_with_client) co_return co_await shared_.control.perform(std::move(caller), std::move(action));
  auto first = co_await (shared_.control.perform(std::move(caller), std::move(action)) || body_.client_gone());
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(Code::Cancelled, "The client has gone.");
}

// The action reads the body while it comes: nothing holds more than a piece of it. Who ends first ends the other.
boost::asio::awaitable<Result<control::Outcome>> Exchange::take_in(Match match, control::Caller caller) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (body_.complete()) co_return fail(Code::InvalidArgument, "The body is empty.");
  if (const auto size = body_.announced(); size && *size > shared_.limits.stream_bytes)
    co_return too_large_body(size, shared_.limits.stream_bytes);
  CO_TRY_ASSIGN(auto ends, os::socket_pair());
  match.call.stream = std::make_shared<UniqueFd>(std::move(ends.first));
  CO_TRY_ASSIGN(auto action, match.route->plan(match.call));
  match.call.stream = nullptr;
  Result<> pumped;
  auto first = co_await (shared_.control.perform(std::move(caller), std::move(action)) || pump(std::move(ends.second), &pumped));
  if (!pumped) co_return pass(std::move(pumped).error());
  co_return std::get<0>(std::move(first));
}

boost::asio::awaitable<void> Exchange::pump(UniqueFd into, Result<>* pumped) {
  const bool wants_continue = equal_ignoring_case(find_header(request_.headers, "Expect").value_or(""), "100-continue");
  auto done = co_await body_.pump(std::move(into), shared_.limits.stream_bytes, wants_continue);
  if (!done && done.error().code != Code::Cancelled) *pumped = std::move(done);
  co_await body_.never();
}

std::optional<std::string_view> Exchange::presented_key(const Route& route) const {
  static constexpr std::string_view bearer = "Bearer ";
  if (count_header(request_.headers, "Authorization") > 0) {
    const auto value = find_header(request_.headers, "Authorization").value_or("");
    return equal_ignoring_case(value.substr(0, bearer.size()), bearer) ? trim(value.substr(bearer.size())) : "";
  }
  if (asks_for_socket(route)) return offered(request_.headers, key_protocol);
  return std::nullopt;
}

boost::asio::awaitable<Result<control::Caller>> Exchange::identify(const Route* route) {
  control::Caller caller{.owner = "local", .key = "socket", .address = {}, .request_id = {}, .permissions = store::Permissions::all()};
  if (const auto key = presented_key(*route)) {
    CO_TRY_ASSIGN(caller, co_await shared_.control.authenticate(std::string(*key), peer_.address));
  } else if (!peer_.local_user) {
    co_return co_await refuse_stranger(
        Error{.code = Code::Unauthenticated, .message = "This request has no key.",
              .hint = "Send \"Authorization: Bearer <key>\"; the first key is in the file token of the server's home."});
  }
  caller.address = peer_.address;
  caller.request_id = id_;
  co_return caller;
}

// What is refused before anybody is known counts against the address that it came from.
boost::asio::awaitable<std::unexpected<Error>> Exchange::refuse_stranger(Error error) {
  if (peer_.local_user) co_return std::unexpected(std::move(error));
  auto counted = co_await shared_.control.authenticate({}, peer_.address);
  if (!counted && counted.error().code == Code::RateLimited) error = std::move(counted).error();
  co_return std::unexpected(std::move(error));
}

boost::asio::awaitable<Result<>> Exchange::read_body(Match* match) {
  const BodyKind kind = match->route->body.kind;
  if (body_.complete()) {  // nothing is not JSON, so it is not sent as JSON
    if (kind == BodyKind::Json && count_header(request_.headers, "Content-Type") > 0)
      co_return fail(Code::InvalidArgument, "The body is empty.", "Send one JSON object, or no Content-Type.");
    co_return Result<>{};
  }
  if (kind == BodyKind::None) co_return fail(Code::InvalidArgument, "This call takes no body.");
  if (kind == BodyKind::Patch && !patch_form(request_.headers)) {
    status_ = 415;
    co_return fail(Code::InvalidArgument, "The Content-Type does not say which patch this is.",
                   "It is application/json-patch+json or application/merge-patch+json.");
  }
  const std::uint64_t limit = kind == BodyKind::Bytes      ? shared_.limits.file_bytes
                              : kind == BodyKind::Document || kind == BodyKind::Patch ? shared_.limits.document_bytes
                                                           : shared_.limits.body_bytes;
  if (const auto size = body_.announced(); size && *size > limit) co_return too_large_body(size, limit);
  const bool wants_continue = equal_ignoring_case(find_header(request_.headers, "Expect").value_or(""), "100-continue");
  CO_TRY_ASSIGN(match->call.body, co_await body_.read(limit, wants_continue));
  co_return Result<>{};
}

boost::asio::awaitable<Result<Response>> Exchange::attach(control::Caller caller, control::Action action) {
  const auto header = [&](std::string_view name) { return find_header(request_.headers, name).value_or(""); };
  if (request_.method != "GET" || !equal_ignoring_case(header("Upgrade"), "websocket") ||
      !has_token(header("Connection"), "upgrade") || header("Sec-WebSocket-Version") != "13" ||
      header("Sec-WebSocket-Key").size() != 24) {
    status_ = 426;
    co_return fail(Code::InvalidArgument, "This address is a WebSocket.", "Connect with WebSocket version 13.");
  }
  if (body_.more_came()) co_return fail(Code::InvalidArgument, "Nothing may follow before the WebSocket is accepted.");
  CO_TRY_ASSIGN(auto outcome, co_await shared_.control.perform(std::move(caller), std::move(action)));
  upgrade_ = Upgraded{.connection = {}, .handshake_key = std::string(header("Sec-WebSocket-Key")),
                      .attachment = nullptr, .desk = nullptr, .request_id = id_, .ticket = {}};
  if (auto* desk = std::get_if<std::shared_ptr<control::EventDesk>>(&outcome)) upgrade_->desk = std::move(*desk);
  else upgrade_->attachment = std::get<std::shared_ptr<control::Attachment>>(std::move(outcome));
  upgrade_->names_protocol = offered(request_.headers, upgrade_->desk ? events_protocol : terminal_protocol) == "";
  co_return Response{.status = 101, .content_type = {}, .body = {}, .headers = {}};
}

Result<Response> Exchange::page(Page which) const {
  switch (which) {
    case Page::Health: return Response{.status = 200, .content_type = "text/plain", .body = "ok\n", .headers = {}};
    case Page::Ready:
      if (shared_.stopping) return fail(Code::Unavailable, "The server is stopping.");
      if (!shared_.control.ready()) return fail(Code::Unavailable, "The server is finding its sandboxes again.");
      return Response{.status = 200, .content_type = "text/plain", .body = "ready\n", .headers = {}};
    case Page::Metrics:
      return Response{.status = 200, .content_type = "text/plain; version=0.0.4", .body = shared_.control.metrics(), .headers = {}};
    case Page::Document:
    case Page::None: break;
  }
  return Response{.status = 200, .content_type = "application/json", .body = shared_.document, .headers = {}};
}

Response Exchange::refuse(const Error& error) const {
  Response response = problem_response(error, id_, allow_.empty() ? status_ : 405);
  if (!allow_.empty()) response.headers.emplace_back("Allow", allow_);
  if (response.status == 426) response.headers.emplace_back("Upgrade", "websocket");
  const auto level = response.status >= 500 ? log::Level::Error : response.status == 429 ? log::Level::Debug : log::Level::Info;
  shared_.log.write(level, "request refused", {{"request_id", id_}, {"method", request_.method}, {"target", request_.target},
                                               {"status", response.status}, {"peer", peer_.address}, {"error", error}});
  return response;
}

void Exchange::add_common_headers(Response& response) const {
  response.headers.emplace_back("X-Request-Id", id_);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cache-Control", "no-store");
  if (origin_ != Origin::Configured) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", *find_header(request_.headers, "Origin"));
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "X-Request-Id, X-Berth-From, X-Berth-End, X-Berth-Running, X-Berth-Complete, X-Berth-Offset, X-Berth-Size, X-Berth-Warning, ETag, Location, Retry-After");
  response.headers.emplace_back("Vary", "Origin");
}

}  // namespace berth::api_http
