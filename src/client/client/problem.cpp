#include "client/problem.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

namespace berth::client {
namespace json = boost::json;
namespace {

Code code_from_status(unsigned status) {
  switch (status) {
    case 400: return Code::InvalidArgument;
    case 401: return Code::Unauthenticated;
    case 403: return Code::PermissionDenied;
    case 404: return Code::NotFound;
    case 408:
    case 504: return Code::Timeout;
    case 409: return Code::FailedPrecondition;
    case 412: return Code::Stale;
    case 428: return Code::VersionRequired;
    case 413: return Code::TooLarge;
    case 429: return Code::RateLimited;
    case 501: return Code::Unsupported;
    case 502:
    case 503: return Code::Unavailable;
    case 507: return Code::NoSpace;
    default: return status < 500 ? Code::InvalidArgument : Code::Internal;
  }
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

Code code_from_text(std::string_view wanted) {
  for (int i = 0; i <= static_cast<int>(Code::Internal); ++i)
    if (to_string(static_cast<Code>(i)) == wanted) return static_cast<Code>(i);
  return Code::Internal;
}

Error error_from_answer(unsigned status, std::string_view body) {
  Error error{.code = code_from_status(status), .operation = "request"};
  json::error_code parse_error;
  json::value value = json::parse(body, parse_error);
  if (!parse_error && value.is_object()) {
    const json::object& problem = value.get_object();
    if (std::string code = text(problem, "code"); !code.empty()) error.code = code_from_text(code);
    error.message = text(problem, "detail");
    if (error.message.empty()) error.message = text(problem, "title");
    error.hint = text(problem, "hint");
    error.subject = text(problem, "request_id");
    if (const auto* facts = problem.if_contains("facts"); facts && facts->is_object())
      for (const auto& fact : facts->get_object()) error.facts.emplace_back(fact.key(), text(facts->get_object(), fact.key()));
  }
  if (error.message.empty()) error.message = fmt::format("The server answered with status {}.", status);
  return error;
}

}  // namespace berth::client
