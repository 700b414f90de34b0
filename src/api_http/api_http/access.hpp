#pragma once
// Which pages may talk to the server. A browser sends `Origin` with what a page asks for: it must be the server's own or
// one that is configured, compared byte for byte. A page that made its own name resolve to 127.0.0.1 (DNS rebinding)
// is told by its `Host`, so a server on loopback answers to loopback names and configured ones alone.
// Pure; checked for every request before any work. Source: RFC 6454 section 7, RFC 9110 section 7.2.

#include <string>
#include <string_view>
#include <vector>

#include "api_http/http.hpp"
#include "base/result.hpp"

namespace berth::api_http {

struct Access {
  std::vector<std::string> origins;  // "https://berth.example"; empty: only the same origin
  std::vector<std::string> hosts;    // names besides the loopback ones, without port
  bool any_host = false;             // not bound to loopback: a key is needed anyway, and names are not ours to know
};

enum class Scheme { Http, Https };

enum class Origin { None, Own, Configured };  // a page of a configured one needs CORS headers to read the answer

Result<Origin> check_access(const Access& access, Scheme scheme, const Headers& headers);

}  // namespace berth::api_http
