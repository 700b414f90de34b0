#pragma once
// An HTTP request and an answer as plain values, so that one file of this room (connection.cpp) knows Beast.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::control { class PieceStream; }

namespace berth::api_http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The value of the only header of this name (any case); none when it is absent or comes more than once.
[[nodiscard]] std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);
[[nodiscard]] std::size_t count_header(const Headers& headers, std::string_view name);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// "a, b , c" has the token b.
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

struct Request {
  std::string method;
  std::string target;  // as sent, with its query
  Headers headers;
  std::string body;
};

struct Response {
  unsigned status = 200;
  std::string content_type;  // empty: no body
  std::string body;
  Headers headers;
  std::shared_ptr<control::PieceStream> stream = {};  // in the place of the body: sent in pieces as it is read
};

}  // namespace berth::api_http
