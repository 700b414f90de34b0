#include "serve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "aio/runtime.hpp"
#include "api_http/server.hpp"
#include "api_ws/sessions.hpp"
#include "cli/output.hpp"
#include "config/config.hpp"
#include "control/service.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "programs.hpp"
#include "sandbox_oci/driver.hpp"
#include "sandbox_oci/probe.hpp"
#include "store_sqlite/open.hpp"
#include "templates/templates.hpp"

namespace berth {

namespace {

namespace asio = boost::asio;

void say(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

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

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& home, const config::Settings& settings,
                                                 const Clock& clock, const log::Logger& log) {
  return store_sqlite::open({.path = home / "berth.db", .backups = home / "backups", .clock = &clock, .log = log,
                             .readers = settings.store.readers, .queue = settings.store.queue, .group = settings.store.group,
                             .slow_query = settings.store.slow_query_ms, .busy_timeout = settings.store.busy_timeout_ms,
                             .keep_backups = settings.store.backups});
}

sandboxes::Leaves leaves(const std::filesystem::path& home, const std::filesystem::path& init) {
  return {.choose_runtime = [home, init](const std::string& isolation) -> Result<sandboxes::Runtime> {
            TRY_ASSIGN(const auto probe, sandbox_oci::probe({.home = home, .init = init}));
            TRY_ASSIGN(auto choice, sandbox_oci::choose(isolation, probe));
            return sandboxes::Runtime{std::move(choice.isolation), std::move(choice.runtime.kind), std::move(choice.runtime.path),
                                      std::move(choice.runtime.flags)};
          },
          .remove_traces = [](const std::filesystem::path& dir, const std::string& cgroup) {
            return sandbox_oci::remove_traces(dir, cgroup);
          }};
}

control::Settings control_settings(const config::Settings& s) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  return {.sandbox_template = s.sandbox.template_, .sandbox_isolation = s.sandbox.isolation,
          .sandbox_memory_bytes = s.sandbox.memory_bytes, .sandbox_cpu_millis = s.sandbox.cpu_millis,
          .sandbox_processes = s.sandbox.processes, .sandbox_open_files = s.sandbox.open_files, .sandbox_max = s.sandbox.max,
          .sandbox_start_timeout = s.sandbox.start_timeout_ms, .sandbox_stop_grace = s.sandbox.stop_grace_ms,
          .terminal_max = s.terminal.max,
          .recording_html_lines = s.recording.html_lines, .terminal_journal_segment_bytes = s.terminal.journal_segment_bytes,
          .terminal_journal_sync = s.terminal.journal_sync_ms,
          .journal_seal = s.journal.seal, .journal_terminal_bytes = s.journal.terminal_bytes,
          .journal_owner_bytes = s.journal.owner_bytes, .journal_keep = s.journal.keep_ms,
          .terminal_send_buffer_bytes = s.terminal.send_buffer_bytes,
          .terminal_chunk_bytes = s.terminal.chunk_bytes,
          .terminal_checkpoint_bytes = s.terminal.checkpoint_bytes, .terminal_answer_bytes = s.terminal.answer_bytes,
          .terminal_answer_lines = s.terminal.answer_lines, .terminal_close_grace = s.terminal.close_grace_ms,
          .journal_grep = s.journal.grep_ms, .journal_grep_bytes = s.journal.grep_bytes, .journal_greps = s.journal.greps,
          .terminal_viewer_window_bytes = s.terminal.viewer_window_bytes, .terminal_viewer_lag_bytes = s.terminal.viewer_lag_bytes,
          .terminal_skip_slow = s.terminal.slow_viewer == "skip", .terminal_smallest_size = s.terminal.size_by == "smallest",
          .terminal_seat_grace = s.terminal.seat_grace_ms, .exec_output_bytes = s.exec.output_bytes,
          .exec_timeout = s.exec.timeout_ms, .file_read_bytes = s.file.read_bytes,
          .rate_requests_per_second = s.rate.requests_per_second, .rate_burst = s.rate.burst, .rate_keys = s.rate.keys,
          .keys_used_every = s.keys.used_every_ms,
          .pool_threads = s.server.pool_threads > 0 ? s.server.pool_threads : std::clamp(2 * cores, 4u, 16u),
          .store_check_every = s.store.check_every_ms, .history_keep = std::chrono::days{s.history.keep_days},
          .events_keep = std::chrono::days{s.events.keep_days}, .events_most = s.events.keep, .events_prune = s.events.prune_ms,
          .events_topics = s.events.topics, .events = {.recent_bytes = s.events.recent_bytes, .page = s.events.page},
          .jobs = {.workers = s.jobs.workers, .lease = s.jobs.lease_ms, .first_pause = s.jobs.first_pause_ms,
                   .longest_pause = s.jobs.longest_pause_ms, .keep = std::chrono::days{s.jobs.keep_days}}};
}

Result<api_http::Settings> http_settings(const std::filesystem::path& home, const config::Config& config) {
  const auto& http = config.settings.http;
  if (http.tls_certificate.empty() != http.tls_key.empty())
    return fail(Code::InvalidArgument, "TLS needs both a certificate and its key.", "Set http.tls_certificate and http.tls_key.");
  return api_http::Settings{
      .address = http.address, .port = http.port, .port_search = config.is_set("http.port") ? 0 : http.port_search,
      .allow_remote = http.allow_remote, .certificate = http.tls_certificate, .key = http.tls_key, .socket = home / "berth.sock",
      .origins = http.allowed_origins, .hosts = http.allowed_hosts,
      .limits = {.header_bytes = http.header_bytes, .body_bytes = http.body_bytes, .file_bytes = http.file_bytes,
                 .connections = http.connections, .idle = http.idle_timeout_ms, .request = http.request_timeout_ms,
                 .heartbeat = config.settings.events.heartbeat_ms}};
}

// Everything that runs, in the order in which it was made. Used by the main thread and the coroutine that it waits for.
struct Parts {
  std::filesystem::path home;
  config::Config config;
  log::Logger log;
  aio::Runtime* runtime = nullptr;
  control::Service* service = nullptr;
  api_ws::Sessions* sessions = nullptr;
  std::unique_ptr<api_http::Server> server;
};

// The key's text is in the file, and on the screen of somebody who looks; never in a log that caught our output.
asio::awaitable<Result<>> keep_first_key(Parts* parts) {
  const auto path = parts->home / "token";
  CO_TRY_ASSIGN(const auto key, co_await parts->service->ensure_first_key(
                                    [path](const crypto::Secret& text) { return os::durable_write(path, text.reveal(), 0600); }));
  if (!key) co_return Result<>{};
  if (::isatty(STDOUT_FILENO) != 0) say(fmt::format("first API key, also in {}: {}\n", path.string(), key->reveal()));
  else say(fmt::format("the first API key is in {}\n", path.string()));
  co_return Result<>{};
}

Result<> write_record(const Parts& parts, const std::string& url) {
  TRY_ASSIGN(const auto self, os::ProcessIdentity::self());
  const boost::json::object record{{"boot_id", self.boot_id}, {"pid", self.pid}, {"start_time", self.start_time},
                                   {"port", parts.server->port()}, {"url", url}, {"version", BERTH_VERSION}};
  return os::durable_write(parts.home / "server.json", boost::json::serialize(record) + "\n", 0600);
}

std::string url_of(const Parts& parts) {
  const auto& http = parts.config.settings.http;
  const bool v6 = http.address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", http.tls_certificate.empty() ? "http" : "https", v6 ? "[" : "", http.address, v6 ? "]" : "",
                     parts.server->port());
}

asio::awaitable<Result<>> begin(Parts* parts) {
  CO_TRY(co_await keep_first_key(parts));
  CO_TRY_ASSIGN(auto settings, http_settings(parts->home, parts->config));
  const auto takeover = [sessions = parts->sessions](api_http::Upgraded upgraded) {
    sessions->start({.connection = std::move(upgraded.connection), .handshake_key = std::move(upgraded.handshake_key),
                     .names_protocol = upgraded.names_protocol, .attachment = std::move(upgraded.attachment), .desk = std::move(upgraded.desk),
                     .request_id = std::move(upgraded.request_id), .ticket = std::move(upgraded.ticket)});
  };
  CO_TRY_ASSIGN(parts->server,
                api_http::Server::open(*parts->runtime, *parts->service, parts->log, std::move(settings), takeover));
  const std::string url = url_of(*parts);
  CO_TRY(write_record(*parts, url));
  CO_TRY(co_await parts->service->recover());
  parts->log.info("ready", {{"url", url}, {"version", BERTH_VERSION}});
  say(fmt::format("ready at {}, home {}\n", url, parts->home.string()));
  co_return Result<>{};
}

// Clients first, each told to come again; what they asked for is finished; then what is below them.
asio::awaitable<void> end(Parts* parts) {
  using namespace asio::experimental::awaitable_operators;
  const auto limit = parts->config.settings.server.stop_timeout_ms;
  if (parts->server) {
    co_await (parts->server->stop(limit) && parts->sessions->stop(limit));
    (void)os::remove_file(parts->home / "server.json");
  }
  co_await parts->service->stop(limit);
}

asio::awaitable<Result<>> serve_until_told(Parts* parts, asio::signal_set* signals) {
  auto begun = co_await begin(parts);
  if (begun) {
    const int signal = co_await signals->async_wait(asio::use_awaitable);
    parts->log.info("stopping", {{"signal", signal}});
  }
  signals->clear();  // a second one ends the process at once
  co_await end(parts);
  co_return begun;
}

Result<> run(const ServeOptions& options) {
  TRY(prepare_home(options.home));
  TRY_ASSIGN(auto config, config::load({.file = options.home / "config.yaml", .environment = os::own_environment(),
                                        .flags = options.flags}));
  TRY_ASSIGN(const auto lock, lock_home(options.home));
  TRY_ASSIGN(auto log, open_log(options.home, config.settings));
  for (const auto& warning : config.warnings) log.warning("configuration", {{"what", warning.text()}});
  if (auto ended = sandbox_oci::end_interrupted_probe(options.home); !ended)
    log.warning("a probe that was killed left something", {{"error", ended.error()}});
  TRY_ASSIGN(const auto shim, find_program("berth-shim"));
  TRY_ASSIGN(const auto init, find_program("berth-init"));
  const SystemClock clock;
  TRY_ASSIGN(const auto store, open_store(options.home, config.settings, clock, log));
  TRY_ASSIGN(const auto templates, templates::Templates::open({.images = options.home / "images",
                                                               .cache = config.settings.templates.cache,
                                                               .build_timeout = config.settings.templates.build_timeout_ms}));
  aio::Runtime runtime(config.settings.server.threads);
  TRY_ASSIGN(const auto service, control::Service::open({.runtime = &runtime, .store = store.get(), .clock = &clock,
                                                         .templates = &templates, .log = log, .home = options.home, .shim = shim,
                                                         .init = init, .leaves = leaves(options.home, init),
                                                         .settings = control_settings(config.settings)}));
  api_ws::Sessions sessions({.ping = config.settings.http.websocket_ping_ms, .idle = config.settings.http.websocket_idle_ms,
                             .message_bytes = config.settings.http.websocket_message_bytes, .heartbeat = config.settings.events.heartbeat_ms},
                            {.terminal_json = api_http::terminal_json, .sentence = api_http::public_message,
                             .event_json = api_http::event_json}, log);
  Parts parts{.home = options.home, .config = config, .log = log, .runtime = &runtime, .service = service.get(),
              .sessions = &sessions, .server = nullptr};

  asio::io_context main{1};
  asio::signal_set signals(main, SIGTERM, SIGINT, SIGHUP);
  Result<> result;
  asio::co_spawn(main, serve_until_told(&parts, &signals), [&result](std::exception_ptr defect, Result<> served) {
    if (defect) std::rethrow_exception(defect);
    result = std::move(served);
  });
  runtime.start();
  main.run();
  store->close();
  runtime.stop();
  if (!result) log.error("the server could not start", {{"error", result.error()}});
  return result;
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
