#include "api_http/problem.hpp"

#include <algorithm>
#include <chrono>

#include "api_http/encoding.hpp"
#include "api_http/schema.hpp"
#include "api_http/server.hpp"
#include "base/utf8.hpp"

namespace berth::api_http {

unsigned status_of(Code code) {
  switch (code) {
    case Code::InvalidArgument: return 400;
    case Code::Unauthenticated: return 401;
    case Code::PermissionDenied: return 403;
    case Code::NotFound: return 404;
    case Code::AlreadyExists:
    case Code::FailedPrecondition:
    case Code::ResourceExhausted: return 409;
    case Code::Stale: return 412;
    case Code::TooLarge: return 413;
    case Code::VersionRequired: return 428;
    case Code::RateLimited: return 429;
    case Code::Cancelled: return 499;
    case Code::RecordDamaged:
    case Code::Damaged:
    case Code::Internal: return 500;
    case Code::Unsupported: return 501;
    case Code::Unavailable: return 503;
    case Code::Timeout: return 504;
    case Code::NoSpace: return 507;
  }
  return 500;
}

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
  }
}

// The text of a failed system call, and of a defect of ours, stays in the log.
std::string public_message(const Error& error) {
  if (error.code == Code::Internal) return "The server failed at this; its log has the details under the request id.";
  if (error.code == Code::NoSpace) return "The server's disk is full.";
  if (error.sys_errno == 0) return to_utf8(error.message);
  switch (error.code) {
    case Code::NotFound: return "There is no such thing.";
    case Code::AlreadyExists: return "It exists already.";
    case Code::PermissionDenied: return "That is not allowed.";
    case Code::TooLarge: return "It is too large.";
    case Code::Timeout: return "It took too long.";
    case Code::ResourceExhausted: return "A limit of the host is reached.";
    case Code::Unsupported: return "This host cannot do it.";
    case Code::InvalidArgument: return "The system refused the request's values.";
    default: return "The server could not do it now; its log has the details under the request id.";
  }
}

Response problem_response(const Error& error, std::string_view request_id, unsigned status) {
  if (status == 0) status = status_of(error.code);
  json::object problem{{"type", "about:blank"},
                             {"title", title_of(status)},
                             {"status", status},
                             {"code", to_string(error.code)},
                             {"detail", public_message(error)},
                             {"hint", to_utf8(error.hint)},
                             {"request_id", request_id}};
  if (!error.facts.empty()) {
    auto& facts = problem["facts"].emplace_object();
    for (const auto& [name, value] : error.facts) facts[name] = to_utf8(value);
  }
  Response response{.status = status, .content_type = "application/problem+json", .body = json::serialize(problem)};
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(seconds, 1)));
  }
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace berth::api_http
