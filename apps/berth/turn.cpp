#include "turn.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "aio/runtime.hpp"
#include "api_ws/sessions.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox_oci/driver.hpp"
#include "sandbox_oci/probe.hpp"
#include "settings.hpp"
#include "store_sqlite/open.hpp"
#include "templates/templates.hpp"

namespace berth {

namespace {

namespace asio = boost::asio;

void say(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
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

// Everything that runs, in the order in which it was made. Used by the main thread and the coroutine that it waits for.
struct Parts {
  const TurnOptions& options;
  aio::Runtime* runtime = nullptr;
  control::Service* service = nullptr;
  api_ws::Sessions* sessions = nullptr;
  std::unique_ptr<api_http::Server> server;
  std::vector<takeover::Idle> idle;
};

// The key's text is in the file, and on the screen of somebody who looks; never in a log that caught our output.
asio::awaitable<Result<>> keep_first_key(Parts* parts) {
  const auto path = parts->options.home / "token";
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
  return os::durable_write(parts.options.home / "server.json", boost::json::serialize(record) + "\n", 0600);
}

std::string url_of(const Parts& parts) {
  const auto& http = parts.options.config.settings.http;
  const bool v6 = http.address.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", http.tls_certificate.empty() ? "http" : "https", v6 ? "[" : "", http.address, v6 ? "]" : "",
                     parts.server->port());
}

Result<api_http::Sockets> listening(const takeover::Sockets& sockets) {
  api_http::Sockets out;
  TRY_ASSIGN(out.tcp, os::duplicate(sockets.tcp.get()));
  TRY_ASSIGN(out.local, os::duplicate(sockets.local.get()));
  return out;
}

asio::awaitable<Result<>> listen(Parts* parts) {
  CO_TRY_ASSIGN(auto settings, http_settings(parts->options.home, parts->options.config));
  const auto upgrade = [sessions = parts->sessions](api_http::Upgraded upgraded) {
    sessions->start({.connection = std::move(upgraded.connection), .handshake_key = std::move(upgraded.handshake_key),
                     .names_protocol = upgraded.names_protocol, .attachment = std::move(upgraded.attachment), .desk = std::move(upgraded.desk),
                     .request_id = std::move(upgraded.request_id), .ticket = std::move(upgraded.ticket)});
  };
  CO_TRY_ASSIGN(const auto sockets, listening(*parts->options.sockets));
  CO_TRY_ASSIGN(parts->server, api_http::Server::open(*parts->runtime, *parts->service, parts->options.log, std::move(settings),
                                                      upgrade, &sockets));
  co_return write_record(*parts, url_of(*parts));
}

asio::awaitable<Result<>> begin(Parts* parts) {
  CO_TRY(co_await keep_first_key(parts));
  const bool at_once = parts->options.accept == TurnOptions::Accept::AtOnce;
  if (at_once) {
    CO_TRY(co_await listen(parts));
    parts->server->accept();
  }
  CO_TRY(co_await parts->service->recover());
  if (!at_once) CO_TRY(co_await listen(parts));
  const std::string url = url_of(*parts);
  parts->options.log.info("ready", {{"url", url}, {"version", BERTH_VERSION}});
  say(fmt::format("ready at {}, home {}\n", url, parts->options.home.string()));
  parts->options.ready();
  // Not before the other server goes: if this one fails until then, nobody was with it.
  if (!at_once) parts->server->accept();
  for (auto& client : std::exchange(parts->idle, {}))
    parts->server->adopt({std::move(client.connection), client.local_user, std::move(client.address)});
  co_return Result<>{};
}

// Clients first, each told to come again; what they asked for is finished; then what is below them.
asio::awaitable<void> end(Parts* parts) {
  using namespace asio::experimental::awaitable_operators;
  const auto limit = parts->options.config.settings.server.stop_timeout_ms;
  if (parts->server) {
    auto left = co_await (parts->server->hand_over(limit) && parts->sessions->stop(limit));
    for (auto& client : left) parts->idle.push_back({std::move(client.connection), client.local_user, std::move(client.address)});
  }
  co_await parts->service->stop(limit);
}

asio::awaitable<takeover::Successor> next_successor(Parts* parts) {
  const auto& options = parts->options;
  asio::posix::stream_descriptor door(co_await asio::this_coro::executor, ::dup(options.sockets->door.get()));
  for (;;) {
    co_await door.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    auto came = takeover::Successor::accept(door.native_handle(), options.config.settings.server.takeover_timeout_ms);
    if (!came) options.log.warning("a take-over was refused", {{"error", came.error()}});
    else if (*came) co_return **std::move(came);
  }
}

asio::awaitable<Result<TurnEnd>> serve_until_told(Parts* parts, asio::signal_set* signals) {
  using namespace asio::experimental::awaitable_operators;
  const auto& log = parts->options.log;
  auto begun = co_await begin(parts);
  TurnEnd out;
  if (begun) {
    auto told = co_await (signals->async_wait(asio::use_awaitable) || next_successor(parts));
    if (const int* signal = std::get_if<int>(&told)) {
      log.info("stopping", {{"signal", *signal}});
    } else {
      out.successor = std::get<takeover::Successor>(std::move(told));
      log.info("another server takes over", {{"pid", out.successor->pid()}, {"version", out.successor->release()}});
    }
  }
  signals->clear();  // a second one ends the process at once
  co_await end(parts);
  if (!begun) co_return std::unexpected(std::move(begun).error());
  out.idle = std::move(parts->idle);
  co_return out;
}

}  // namespace

Result<TurnEnd> take_turn(const TurnOptions& options, std::vector<takeover::Idle> idle) {
  const auto& settings = options.config.settings;
  const SystemClock clock;
  TRY_ASSIGN(const auto store, open_store(options.home, settings, clock, options.log));
  TRY_ASSIGN(const auto templates, templates::Templates::open({.images = options.home / "images",
                                                               .cache = settings.templates.cache,
                                                               .build_timeout = settings.templates.build_timeout_ms}));
  aio::Runtime runtime(settings.server.threads);
  TRY_ASSIGN(const auto service, control::Service::open({.runtime = &runtime, .store = store.get(), .clock = &clock,
                                                         .templates = &templates, .log = options.log, .home = options.home,
                                                         .shim = options.shim, .init = options.init,
                                                         .leaves = leaves(options.home, options.init),
                                                         .settings = control_settings(settings)}));
  api_ws::Sessions sessions({.ping = settings.http.websocket_ping_ms, .idle = settings.http.websocket_idle_ms,
                             .message_bytes = settings.http.websocket_message_bytes, .heartbeat = settings.events.heartbeat_ms},
                            {.terminal_json = api_http::terminal_json, .sentence = api_http::public_message,
                             .event_json = api_http::event_json}, options.log);
  Parts parts{.options = options, .runtime = &runtime, .service = service.get(), .sessions = &sessions, .server = nullptr,
              .idle = std::move(idle)};

  asio::io_context main{1};
  asio::signal_set signals(main, SIGTERM, SIGINT, SIGHUP);
  Result<TurnEnd> result;
  asio::co_spawn(main, serve_until_told(&parts, &signals), [&result](std::exception_ptr defect, Result<TurnEnd> served) {
    if (defect) std::rethrow_exception(defect);
    result = std::move(served);
  });
  runtime.start();
  main.run();
  store->close();
  runtime.stop();
  return result;
}

}  // namespace berth
