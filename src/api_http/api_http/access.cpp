#include "api_http/access.hpp"

#include <algorithm>
#include <charconv>

namespace berth::api_http {

namespace {

// "name:port" → name; a port that is no number makes the whole wrong.
std::string_view host_name(std::string_view host) {
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number > 65535) return {};
  return host.substr(0, colon);
}

bool known_host(const Access& access, std::string_view name) {
  if (name.empty()) return false;
  if (access.any_host) return true;
  for (const std::string_view loopback : {"localhost", "127.0.0.1", "[::1]"})
    if (equal_ignoring_case(name, loopback)) return true;
  return std::ranges::any_of(access.hosts, [&](const std::string& host) { return equal_ignoring_case(host, name); });
}

}  // namespace

Result<Origin> check_access(const Access& access, Scheme scheme, const Headers& headers) {
  const auto host = find_header(headers, "Host");
  if (!host) return fail(Code::InvalidArgument, "A request names its host once.", "Send one Host header.");
  if (!known_host(access, host_name(*host)))
    return fail(Code::PermissionDenied, "This server does not answer to that host name.",
                "Use localhost, or add the name to http.allowed_hosts.");
  if (count_header(headers, "Origin") == 0) return Origin::None;
  const auto origin = find_header(headers, "Origin");
  const std::string own = (scheme == Scheme::Https ? "https://" : "http://") + std::string(*host);
  if (origin && *origin == own) return Origin::Own;
  if (origin && std::ranges::find(access.origins, *origin) != access.origins.end()) return Origin::Configured;
  return fail(Code::PermissionDenied, "Pages of this origin may not use the server.", "Add the origin to http.allowed_origins.");
}

}  // namespace berth::api_http
