#pragma once
// One HTTP/1.1 request and its whole answer, blocking: what most verbs of the command line need. A new connection each
// time; over a unix socket that costs less than a tenth of a millisecond.
//
// Any thread; a call uses nothing outside of itself. Errors: Unavailable (no server, connection lost), Timeout,
// PermissionDenied (the socket of another user), FailedPrecondition (certificate), TooLarge (answer over its limit). An
// answer with a status of 400 and more is not an error here; client/api.hpp makes it one.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.hpp"
#include "client/endpoint.hpp"

namespace berth::client {

struct Request {
  std::string method = "GET";
  std::string target;  // "/v1/info", encoded, without the endpoint's prefix
  std::string body;
  std::string content_type;                   // "" when there is no body
  std::chrono::milliseconds timeout{30'000};  // of the whole exchange; 0 waits as long as it takes
  std::uint64_t answer_limit = 64ull << 20;
  // For answers of any length: takes the body of one that went well piece by piece, instead of Response::body; its error ends
  // the call. `timeout` is then that of each piece.
  std::function<Result<>(std::string_view)> sink = {};
  // For bodies of any length: gives it piece by piece, "" at its end; its error ends the call. `timeout` is then that of each piece.
  std::function<Result<std::string>()> source = {};
  std::map<std::string, std::string> headers = {};  // further ones
};

struct Response {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // lower-case names; of equal ones the last
  std::string body;
};

[[nodiscard]] Result<Response> send(const Endpoint& endpoint, const Request& request);

}  // namespace berth::client
