#include "cli/context.hpp"

#include "config/config.hpp"
#include "os/process.hpp"

namespace berth::cli {

Result<Context> Context::open(Global global, std::vector<std::string> environment, const Dependencies& dependencies,
                              const Clock& clock) {
  Context out;
  out.output = Output(global.json, {});
  out.dependencies = &dependencies;
  out.clock = &clock;
  TRY_ASSIGN(out.home, config::home_directory(global.home, environment));
  // A home that was named on the command line means its own server, whatever BERTH_URL says.
  std::string url = global.url;
  if (url.empty() && global.home.empty()) url = os::env_value(environment, "BERTH_URL");
  out.local = url.empty();
  if (out.local) {
    out.endpoint = client::unix_endpoint(out.home / "berth.sock");
  } else {
    TRY_ASSIGN(out.endpoint, client::parse_endpoint(url, std::string(os::env_value(environment, "BERTH_KEY"))));
    out.endpoint.ca_file = os::env_value(environment, "BERTH_CA");
  }
  out.global = std::move(global);
  out.environment = std::move(environment);
  return out;
}

}  // namespace berth::cli
