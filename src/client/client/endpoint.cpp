#include "client/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace berth::client {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

std::unexpected<Error> bad(std::string_view why) {
  return fail(Code::InvalidArgument, fmt::format("The server's URL is not usable: {}.", why),
              "Use unix:/path/to/berth.sock, http://host:port or https://host:port.");
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0)
    return bad("the port is not a number from 1 to 65535");
  return port;
}

Result<> split_authority(std::string_view authority, Endpoint& out) {
  std::string_view port;
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == std::string_view::npos) return bad("a bracket is not closed");
    out.host = authority.substr(1, close - 1);
    std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad("only :port may follow the host");
    port = rest;
  } else {
    auto colon = authority.find(':');
    out.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (out.host.empty()) return bad("the host is missing");
  if (port.empty()) return {};
  TRY_ASSIGN(out.port, parse_port(port.substr(1)));
  return {};
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '@' && c != '\\'; });
}

}  // namespace

std::string Endpoint::authority() const {
  if (transport == Transport::Unix) return "localhost";
  bool standard = port == (transport == Transport::Tls ? https_port : http_port);
  std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return standard ? name : fmt::format("{}:{}", name, port);
}

std::string Endpoint::describe() const {
  if (transport == Transport::Unix) return "unix:" + path;
  return fmt::format("{}://{}{}", transport == Transport::Tls ? "https" : "http", authority(), prefix);
}

Endpoint unix_endpoint(std::string path) { return {.transport = Endpoint::Transport::Unix, .path = std::move(path)}; }

Result<Endpoint> parse_endpoint(std::string_view url, std::string key) {
  Endpoint out;
  out.key = std::move(key);
  if (url.starts_with("unix:")) {
    out.path = url.substr(5);
    if (!out.path.starts_with('/')) return bad("the socket's path must be absolute");
    return out;
  }
  if (!is_plain(url)) return bad("it has characters, a user name, a query or a fragment that do not belong there");
  if (url.starts_with("http://")) {
    out.transport = Endpoint::Transport::Tcp;
    out.port = http_port;
    url.remove_prefix(7);
  } else if (url.starts_with("https://")) {
    out.transport = Endpoint::Transport::Tls;
    out.port = https_port;
    url.remove_prefix(8);
  } else {
    return bad("it must begin with unix:, http:// or https://");
  }
  auto slash = url.find('/');
  if (slash != std::string_view::npos) out.prefix = url.substr(slash);
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  TRY(split_authority(url.substr(0, slash), out));
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (unsigned char c : text) {
    bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '.' || c == '_' || c == '~';
    if (unreserved)
      out += static_cast<char>(c);
    else
      out += fmt::format("%{:02X}", c);
  }
  return out;
}

}  // namespace berth::client
