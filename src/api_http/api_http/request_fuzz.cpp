// Method, address and body of a request → action, as the server does it. The first line is "METHOD target", the rest the body.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api_http/access.hpp"
#include "api_http/route.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::api_http;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
  const std::string_view method = line.substr(0, line.find(' '));
  const std::string_view target = line.substr(method.size() == line.size() ? line.size() : method.size() + 1);
  (void)check_access({.origins = {"https://a"}}, Scheme::Http, {{"Host", std::string(target)}, {"Origin", std::string(text)}});
  std::string allow;
  auto match = match_route(method, target, allow);
  if (!match || match->route->plan == nullptr) return 0;
  match->call.body = text;
  (void)match->route->plan(match->call);
  return 0;
}
