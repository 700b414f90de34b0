#include "cli/session_calls.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/id.hpp"
#include "cli/json.hpp"
#include "crypto/crypto.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace {

std::string small(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Result<json::object> find_session(const Context& context, const std::string& named) {
  if (SessionId::parse(named)) {
    TRY_ASSIGN(const json::value found, context.api().get("/v1/sessions/" + named));
    return object_of(found);
  }
  TRY_ASSIGN(const json::array all, context.api().list("/v1/sessions?title=" + client::percent_encode(named)));
  std::vector<json::object> exactly, alike;  // a title as it was typed comes before one in other letters
  for (const json::value& item : all) {
    json::object one = object_of(item);
    const std::string title = text_of(one, "title");
    if (title == named) exactly.push_back(std::move(one));
    else if (small(title) == small(named)) alike.push_back(std::move(one));
  }
  const auto& found = exactly.empty() ? alike : exactly;
  if (found.empty()) return fail(Code::NotFound, fmt::format("There is no session \"{}\".", named), "berth session ls lists yours.");
  if (found.size() > 1)
    return fail(Code::InvalidArgument, fmt::format("Several sessions have the title \"{}\".", named), "Name it by its id: berth session ls");
  return found.front();
}

std::string session_path(const json::object& session, const std::string& rest) {
  return "/v1/sessions/" + text_of(session, "id") + rest;
}

client::Request session_change(std::string method, std::string target, std::uint64_t version) {
  client::Request request{.method = std::move(method), .target = std::move(target)};
  request.timeout = std::chrono::milliseconds{120'000};
  request.headers["X-Berth-Client"] = "berth command line";
  request.headers["Idempotency-Key"] = "cli-" + encode_id_bits(crypto::random_array<16>());
  if (version != 0) request.headers["If-Match"] = fmt::format("\"{}\"", version);
  return request;
}

Result<json::object> changed_session(const Context& context, const client::Request& request) {
  TRY_ASSIGN(const client::Response answer, context.api().checked(request));
  json::error_code error;
  const json::value value = json::parse(answer.body, error);
  if (error || !value.is_object()) return fail(Code::Internal, "The server's answer is not what this client understands.");
  if (const auto warning = answer.headers.find("x-berth-warning"); warning != answer.headers.end()) context.output.note(warning->second);
  return value.get_object();
}

Result<json::array> parse_items(const std::string& body) {
  json::error_code error;
  return items_of(json::parse(body, error));
}

Result<int> tell_session(const Context& context, const json::object& session, const std::string& sentence) {
  if (context.output.json()) context.output.print_json(session);
  else context.output.print(sentence + "\n");
  return Success;
}

}  // namespace berth::cli
