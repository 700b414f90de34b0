#include "client/api.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <charconv>

#include "client/problem.hpp"

namespace berth::client {
namespace json = boost::json;
namespace {

constexpr std::size_t page_size = 100;

std::unexpected<Error> strange_answer() {
  return fail(Code::Internal, "The server's answer is not what this client understands.",
              "Client and server may be of different versions; compare `berth version` with `berth server status`.");
}

Result<json::value> parse_body(const Response& response) {
  if (response.status == 204 || response.body.empty()) return json::value(nullptr);
  json::error_code error;
  json::value value = json::parse(response.body, error);
  if (error) return strange_answer();
  return value;
}

Result<std::uint64_t> number_header(const Response& response, const std::string& name) {
  auto found = response.headers.find(name);
  if (found == response.headers.end()) return strange_answer();
  std::uint64_t number = 0;
  const std::string& text = found->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return strange_answer();
  return number;
}

}  // namespace

Api::Api(Endpoint endpoint)
    : sender_([endpoint = std::move(endpoint)](const Request& request) { return send(endpoint, request); }) {}

Result<Response> Api::checked(const Request& request) const {
  TRY_ASSIGN(Response response, sender_(request));
  if (response.status >= 200 && response.status < 300) return response;
  return pass(error_from_answer(response.status, response.body));
}

Result<json::value> Api::get(std::string target) const {
  TRY_ASSIGN(Response response, checked({.target = std::move(target)}));
  return parse_body(response);
}

Result<json::value> Api::post(std::string target, json::value body, std::chrono::milliseconds timeout) const {
  TRY_ASSIGN(Response response, checked({.method = "POST",
                                         .target = std::move(target),
                                         .body = json::serialize(body),
                                         .content_type = "application/json",
                                         .timeout = timeout}));
  return parse_body(response);
}

Result<> Api::remove(std::string target) const {
  TRY(checked({.method = "DELETE", .target = std::move(target), .timeout = std::chrono::milliseconds{120'000}}));
  return {};
}

Result<json::array> Api::list(std::string target, std::size_t most) const {
  json::array out;
  std::string after;
  const char joint = target.find('?') == std::string::npos ? '?' : '&';
  do {
    std::size_t limit = most == 0 ? page_size : std::min(page_size, most - out.size());
    std::string page = fmt::format("{}{}limit={}", target, joint, limit);
    if (!after.empty()) page += "&after=" + percent_encode(after);
    TRY_ASSIGN(json::value answer, get(std::move(page)));
    json::object* object = answer.if_object();
    json::value* items = object == nullptr ? nullptr : object->if_contains("items");
    if (items == nullptr || !items->is_array()) return strange_answer();
    for (json::value& item : items->get_array()) out.push_back(std::move(item));
    const json::value* next = object->if_contains("next");
    after = next != nullptr && next->is_string() ? std::string(next->get_string()) : std::string();
  } while (!after.empty() && (most == 0 || out.size() < most));
  return out;
}

Result<Api::Screen> Api::screen(std::string_view terminal, std::string_view format, std::string_view at) const {
  std::string target = fmt::format("/v1/terminals/{}/screen?format={}", percent_encode(terminal), format);
  if (!at.empty()) target += "&at=" + percent_encode(at);
  TRY_ASSIGN(Response response, checked({.target = std::move(target)}));
  Screen out{.data = std::move(response.body)};
  TRY_ASSIGN(out.offset, number_header(response, "x-berth-offset"));
  return out;
}

Result<Api::Text> Api::text(std::string target) const {
  TRY_ASSIGN(Response response, checked({.target = std::move(target)}));
  const auto complete = response.headers.find("x-berth-complete");
  return Text{.body = std::move(response.body), .complete = complete == response.headers.end() || complete->second == "true"};
}

Result<Api::Output> Api::output(std::string_view terminal, std::uint64_t from, std::uint64_t limit) const {
  TRY_ASSIGN(Response response, checked({.target = fmt::format("/v1/terminals/{}/output?from={}&limit={}",
                                                               percent_encode(terminal), from, limit)}));
  Output out{.bytes = std::move(response.body)};
  TRY_ASSIGN(out.from, number_header(response, "x-berth-from"));
  TRY_ASSIGN(out.end, number_header(response, "x-berth-end"));
  auto running = response.headers.find("x-berth-running");
  out.running = running != response.headers.end() && running->second == "true";
  return out;
}

Result<> Api::recording(const Recording& wanted, std::function<Result<>(std::string_view)> sink) const {
  std::string target = fmt::format("/v1/terminals/{}/recording?format={}", percent_encode(wanted.terminal), wanted.format);
  if (!wanted.from.empty()) target += "&from=" + percent_encode(wanted.from);
  if (!wanted.to.empty()) target += "&to=" + percent_encode(wanted.to);
  if (wanted.input) target += "&input=true";
  TRY(checked({.target = std::move(target), .sink = std::move(sink)}));
  return {};
}

Result<json::value> Api::import_recording(std::string cast, std::string_view name) const {
  std::string target = "/v1/recordings";
  if (!name.empty()) target += "?name=" + percent_encode(name);
  TRY_ASSIGN(Response response, checked({.method = "POST",
                                         .target = std::move(target),
                                         .body = std::move(cast),
                                         .content_type = "application/x-asciicast",
                                         .timeout = std::chrono::milliseconds{600'000}}));
  return parse_body(response);
}

}  // namespace berth::client
