#pragma once
// The home's own server as a process: started in the background, found again by an identity that cannot be mistaken for
// another process, asked to stop and waited for.
//
// $BERTH_HOME/server.json is written by `berth serve` while it runs: {"pid", "start_time" (clock ticks after boot),
// "boot_id", "version", "url"}.

#include <optional>
#include <string>
#include <string_view>

#include "cli/context.hpp"
#include "os/process.hpp"

namespace berth::cli {

struct ServerRecord {
  os::ProcessIdentity process;
  std::string version, url;
};
[[nodiscard]] Result<ServerRecord> parse_server_record(std::string_view text);

// The server that runs for this home; none when there is no record or its process is gone.
[[nodiscard]] std::optional<ServerRecord> find_server(const std::filesystem::path& home);

// Starts one and waits until it is ready. Its last words are the error when it ends before that.
Result<> start_server(const Context& context, const std::vector<std::pair<std::string, std::string>>& settings);
// For verbs that need one: starts it, saying so, when the home has none. Servers elsewhere are left alone.
Result<> ensure_server(const Context& context);

Result<int> serve(const Context& context, const verb::Serve& verb);
Result<int> server_start(const Context& context, const verb::ServerStart& verb);
Result<int> server_upgrade(const Context& context, const verb::ServerUpgrade& verb);
Result<int> server_stop(const Context& context, const verb::ServerStop& verb);
Result<int> server_status(const Context& context);
Result<int> version(const Context& context);

}  // namespace berth::cli
