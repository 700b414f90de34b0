#pragma once
// Where a server is and how to reach it, as a value: the unix socket of a home (no key needed), or http:// and https://
// URLs with a key. Parsing is pure; nothing is opened here.
//
// Accepted: unix:/path, http://host[:port][/prefix], https://host[:port][/prefix], IPv6 hosts in brackets. User names,
// queries and fragments in a URL are refused: a key in a URL ends up in logs.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::client {

struct Endpoint {
  enum class Transport { Unix, Tcp, Tls };
  Transport transport = Transport::Unix;
  std::string path;  // Unix: of the socket
  std::string host;  // Tcp, Tls: without brackets
  std::uint16_t port = 0;
  std::string prefix;   // before every target; "" or "/berth"
  std::string key;      // sent as Bearer; never printed
  std::string ca_file;  // Tls: additional trust, PEM; "" is the system's alone

  [[nodiscard]] std::string describe() const;   // for messages: "unix:/…/berth.sock", "https://host:443"; no key
  [[nodiscard]] std::string authority() const;  // for the Host header
};

[[nodiscard]] Endpoint unix_endpoint(std::string path);
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view url, std::string key);

// One path segment or query value, percent-encoded (RFC 3986, unreserved characters stay).
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace berth::client
