#include "serve.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include <csignal>

#include "cli/output.hpp"
#include "os/file.hpp"
#include "os/notify.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "programs.hpp"
#include "sandbox_oci/probe.hpp"
#include "settings.hpp"
#include "turn.hpp"

namespace berth {

namespace {

Result<> prepare_home(const std::filesystem::path& home) {
  for (const auto& directory : {home, home / "log"})
    if (auto made = os::make_private_directory(directory); !made) {
      Error error = std::move(made).error();
      error.message = fmt::format("The home directory {} cannot be used: {}", directory.string(), error.message);
      error.hint = "Its owner must be who runs berth. Set BERTH_HOME to a directory of yours.";
      return pass(std::move(error));
    }
  return {};
}

Result<UniqueFd> lock_home(const std::filesystem::path& home) {
  TRY_ASSIGN(auto lock, os::try_lock_file(home / "server.lock"));
  if (!lock)
    return fail(Code::AlreadyExists, fmt::format("A server of the home {} runs already.", home.string()),
                "`berth server status` tells more; another BERTH_HOME can run beside it.");
  return *std::move(lock);
}

Result<log::Logger> open_log(const std::filesystem::path& home, const config::Settings& settings) {
  const auto stderr_state = os::stat_fd(2);  // a file would grow for ever, and there is one already
  return log::Logger::open({.level = log::parse_level(settings.log.level), .file = home / "log" / "server.log",
                            .file_bytes = settings.log.file_bytes, .total_bytes = settings.log.total_bytes,
                            .to_stderr = stderr_state && !S_ISREG(stderr_state->st_mode)});
}

const char* const record_name = "server.json";
const char* const socket_name = "berth.sock";
const char* const door_name = "takeover.sock";

// Of a home that nobody serves.
Result<takeover::Estate> fresh_estate(const std::filesystem::path& home, const config::Config& config) {
  takeover::Estate out;
  TRY_ASSIGN(out.sockets.lock, lock_home(home));
  TRY_ASSIGN(const auto settings, http_settings(home, config));
  TRY_ASSIGN(auto sockets, api_http::listen(settings));
  out.sockets.tcp = std::move(sockets.tcp);
  out.sockets.local = std::move(sockets.local);
  TRY_ASSIGN(out.sockets.door, os::listen_unix(home / door_name));
  return out;
}

Result<> give_up_to(takeover::Successor& successor, const takeover::Sockets& sockets, std::span<const takeover::Idle> idle) {
  TRY(successor.give(sockets, idle));
  return successor.wait_until_ready();
}

void remove_names(const std::filesystem::path& home) {
  for (const char* name : {record_name, socket_name, door_name}) (void)os::remove_file(home / name);
}

// A service manager, if one started us, waits for this, and follows the process that is the server from now on.
void tell_service_manager(const log::Logger& log) {
  if (auto told = os::notify_service_manager(fmt::format("READY=1\nMAINPID={}\n", ::getpid())); !told)
    log.warning("the service manager was not told", {{"error", told.error()}});
}

// `ours`: the names in the home are this process's. Until a server that takes over is ready, they are the other's.
Result<> serve_turns(TurnOptions options, takeover::Estate estate, const bool& ours) {
  options.sockets = &estate.sockets;
  for (;;) {
    auto end = take_turn(options, std::move(estate.idle));
    options.accept = TurnOptions::Accept::WhenReady;  // clients that wait are none of a server that is starting
    if (!end || !end->successor) {
      if (ours) remove_names(options.home);
      if (!end) return std::unexpected(std::move(end).error());
      return {};
    }
    const auto gone = give_up_to(*end->successor, estate.sockets, end->idle);
    if (gone) return {};  // its names are the other's
    end->successor->end();
    options.log.warning("the other server did not get ready; this one goes on", {{"error", gone.error()}});
    estate.idle = std::move(end->idle);
  }
}

Result<> run(const ServeOptions& options) {
  TRY(prepare_home(options.home));
  TRY_ASSIGN(auto config, config::load({.file = options.home / "config.yaml", .environment = os::own_environment(),
                                        .flags = options.flags}));
  TRY(http_settings(options.home, config));
  TRY_ASSIGN(const auto shim, find_program("berth-shim"));
  TRY_ASSIGN(const auto init, find_program("berth-init"));
  const auto limit = config.settings.server.takeover_timeout_ms;
  std::optional<takeover::Predecessor> predecessor;
  if (options.take_over) {
    TRY_ASSIGN(predecessor, takeover::Predecessor::ask(options.home / door_name, BERTH_VERSION, limit));
  }
  TRY_ASSIGN(auto estate, predecessor ? predecessor->receive() : fresh_estate(options.home, config));
  TRY_ASSIGN(auto log, open_log(options.home, config.settings));
  for (const auto& warning : config.warnings) log.warning("configuration", {{"what", warning.text()}});
  if (auto ended = sandbox_oci::end_interrupted_probe(options.home); !ended)
    log.warning("a probe that was killed left something", {{"error", ended.error()}});
  bool ours = !predecessor;
  const auto ready = [log, &predecessor, &ours] {
    ours = true;
    tell_service_manager(log);  // before the other ends: it is the one that the manager knows
    if (predecessor) {
      if (auto told = predecessor->tell_ready(); !told) log.warning("the earlier server has gone", {{"error", told.error()}});
      predecessor.reset();
    }
  };
  const auto accept = ours ? TurnOptions::Accept::AtOnce : TurnOptions::Accept::WhenReady;
  auto served = serve_turns({.home = options.home, .shim = shim, .init = init, .config = config, .log = log, .sockets = nullptr,
                             .accept = accept, .ready = ready}, std::move(estate), ours);
  if (!served) log.error(ours ? "the server could not start" : "the server could not take over", {{"error", served.error()}});
  return served;
}

}  // namespace

int serve(ServeOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto served = run(options);
  if (served) return 0;
  const std::string text = cli::error_text(served.error());
  std::fwrite(text.data(), 1, text.size(), stderr);
  return cli::exit_code(served.error());
}

}  // namespace berth
