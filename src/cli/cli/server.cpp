#include "cli/server.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <fmt/format.h>
#include <poll.h>

#include <csignal>

#include "cli/json.hpp"
#include "client/http.hpp"
#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/proc.hpp"

namespace berth::cli {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr std::size_t record_limit = 64u << 10;
constexpr auto ready_timeout = 120s;  // recovery of many sandboxes included
constexpr auto look_again = 50ms;

bool is_ready(const Context& context) {
  auto answer = client::send(context.endpoint, {.target = "/readyz", .timeout = 2s});
  return answer && answer->status == 200;
}

// What the server said last: its error and hint stand at the end of what it wrote.
std::string last_words(const std::filesystem::path& log) {
  auto text = os::read_file(log, 16u << 20);
  if (!text) return {};
  while (text->ends_with('\n')) text->pop_back();
  auto begin = text->rfind("berth: ");
  auto line = text->rfind('\n');
  if (begin == std::string::npos || (begin > 0 && (*text)[begin - 1] != '\n'))
    begin = line == std::string::npos ? 0 : line + 1;
  std::string out = text->substr(begin);
  return out.starts_with("berth: ") ? out.substr(7) : out;
}

Result<os::Process> spawn_server(const Context& context,
                                 const std::vector<std::pair<std::string, std::string>>& settings,
                                 const std::filesystem::path& log, bool take_over = false) {
  TRY(os::make_private_directory(context.home));
  TRY(os::make_private_directory(log.parent_path()));
  TRY_ASSIGN(UniqueFd out, os::open_append(log));
  TRY(os::truncate(out.get(), 0));  // what the server logs goes to files of its own, this is what it says before
  os::SpawnSpec spec{.argv = {"berth", "serve", "--home", context.home}, .executable = os::own_executable()};
  for (const auto& [name, value] : settings)
    spec.argv.insert(spec.argv.end(), {"--set", fmt::format("{}={}", name, value)});
  if (take_over) spec.argv.push_back("--take-over");
  spec.env = context.environment;
  spec.cwd = "/";
  spec.fds = {{.ours = out.get(), .child = 1}, {.ours = out.get(), .child = 2}};
  spec.new_session = true;
  return os::Process::spawn(spec);
}

std::unexpected<Error> did_not_start(const Exit& exit, const std::string& words) {
  if (words.empty()) return fail(Code::Unavailable, fmt::format("The server did not start: it {}.", to_string(exit)));
  auto hint = words.find("\nhint: ");
  return fail(Code::Unavailable, "The server did not start: " + words.substr(0, hint),
              hint == std::string::npos ? "" : words.substr(hint + 7));
}

}  // namespace

Result<ServerRecord> parse_server_record(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(text, error);
  ServerRecord out;
  if (error || !value.is_object()) return fail(Code::Damaged, "The server's record is not readable.");
  const json::object& object = value.get_object();
  out.process = {.boot_id = text_of(object, "boot_id"),
                 .pid = static_cast<pid_t>(number_of(object, "pid")),
                 .start_time = static_cast<std::uint64_t>(number_of(object, "start_time"))};
  out.version = text_of(object, "version");
  out.url = text_of(object, "url");
  if (out.process.pid <= 0 || out.process.boot_id.empty())
    return fail(Code::Damaged, "The server's record names no process.");
  return out;
}

std::optional<ServerRecord> find_server(const std::filesystem::path& home) {
  auto text = os::read_file(home / "server.json", record_limit);
  if (!text) return std::nullopt;
  auto record = parse_server_record(*text);
  if (!record || !record->process.verify()) return std::nullopt;
  return std::move(*record);
}

Result<> start_server(const Context& context, const std::vector<std::pair<std::string, std::string>>& settings) {
  std::filesystem::path log = context.home / "log" / "server.out";
  TRY_ASSIGN(os::Process process, spawn_server(context, settings, log));
  Progress progress(context.output, "Starting the server");
  auto deadline = context.clock->steady() + ready_timeout;
  while (!is_ready(context)) {
    progress.tell("waiting until it is ready");
    TRY_ASSIGN(auto ended, process.wait_for(look_again));
    if (ended) return did_not_start(*ended, last_words(log));
    if (context.clock->steady() > deadline) {
      process.release();
      return fail(Code::Timeout, "The server was started and is not ready yet.",
                  "Look again with `berth server status`.");
    }
  }
  process.release();
  return {};
}

Result<> ensure_server(const Context& context) {
  if (!context.local || is_ready(context)) return {};
  if (!find_server(context.home)) {
    context.output.note(fmt::format("berth: no server runs for {}; starting one", context.home.string()));
    return start_server(context, {});
  }
  Progress progress(context.output, "Waiting for the server");  // it is starting, or stopping
  auto deadline = context.clock->steady() + ready_timeout;
  while (auto record = find_server(context.home)) {
    if (is_ready(context)) return {};
    if (context.clock->steady() > deadline)
      return fail(Code::Timeout, "The server runs and is not ready.", "See its log in $BERTH_HOME/log.");
    TRY_ASSIGN(UniqueFd process, record->process.open());
    TRY(os::wait_ready(process.get(), POLLIN, look_again));
    progress.tell("");
  }
  return start_server(context, {});
}

Result<int> serve(const Context& context, const verb::Serve& verb) {
  return context.dependencies->serve({.home = context.home, .settings = verb.settings, .take_over = verb.take_over});
}

namespace {

Result<int> report_server(const Context& context, std::string_view said) {
  auto record = find_server(context.home);
  if (context.output.json()) {
    TRY_ASSIGN(json::value info, context.api().get("/v1/info"));
    json::object out{{"running", true},
                     {"ready", true},
                     {"pid", record ? json::value(record->process.pid) : json::value(nullptr)},
                     {"url", record ? json::value(record->url) : json::value(nullptr)},
                     {"info", info}};
    context.output.print_json(out);
  } else {
    context.output.print(fmt::format("{}{}{}\n", said, record ? fmt::format(", process {}", record->process.pid) : "",
                                     record && !record->url.empty() ? fmt::format(", at {}", record->url) : ""));
  }
  return Success;
}

Result<> needs_local(const Context& context) {
  if (context.local) return {};
  return pass(Error{.code = Code::InvalidArgument,
                    .message = "Only the server of a home on this machine can be started and stopped.",
                    .hint = "Leave --url and BERTH_URL away."});
}

}  // namespace

Result<int> server_start(const Context& context, const verb::ServerStart& verb) {
  TRY(needs_local(context));
  if (is_ready(context)) return report_server(context, "The server runs already");
  if (find_server(context.home))
    TRY(ensure_server(context));
  else
    TRY(start_server(context, verb.settings));
  return report_server(context, "The server is ready");
}

// The server that runs answers too: it is ready when the home's record names the one that we started.
Result<int> server_upgrade(const Context& context, const verb::ServerUpgrade& verb) {
  TRY(needs_local(context));
  const auto before = find_server(context.home);
  const std::filesystem::path log = context.home / "log" / "server.out";
  TRY_ASSIGN(os::Process process, spawn_server(context, verb.settings, log, true));
  Progress progress(context.output, "Taking over");
  const auto deadline = context.clock->steady() + ready_timeout;
  for (;;) {
    progress.tell("requests get time to end");
    TRY_ASSIGN(auto ended, process.wait_for(look_again));
    if (ended) return did_not_start(*ended, last_words(log));
    const auto now = find_server(context.home);
    if (now && now->process.pid == process.pid() && is_ready(context)) break;
    if (context.clock->steady() > deadline)
      return fail(Code::Timeout, "The new server was not ready in time; it was ended.", "See its log in $BERTH_HOME/log.");
  }
  process.release();
  return report_server(context, before ? "The new server has taken over" : "The server is ready");
}

Result<int> server_stop(const Context& context, const verb::ServerStop& verb) {
  TRY(needs_local(context));
  auto record = find_server(context.home);
  if (record) {
    auto process = record->process.open();
    if (process) {
      TRY(os::signal_pidfd(process->get(), SIGTERM));
      Progress progress(context.output, "Stopping the server");
      auto deadline = context.clock->steady() + verb.timeout;
      for (bool ended = false; !ended;) {
        progress.tell("requests get time to end");
        TRY_ASSIGN(ended, os::wait_ready(process->get(), POLLIN, look_again));
        if (!ended && context.clock->steady() > deadline)
          return fail(Code::Timeout,
                      fmt::format("The server was told to stop and still runs (process {}).", record->process.pid),
                      "Wait longer with --timeout, or see its log in $BERTH_HOME/log.");
      }
    } else if (process.error().code != Code::NotFound) {
      return pass(process.error());
    }
  }
  if (context.output.json())
    context.output.print_json(json::object{{"running", false}, {"stopped", record.has_value()}});
  else
    context.output.print(record ? "The server stopped; sandboxes and terminals go on.\n" : "No server runs.\n");
  return Success;
}

Result<int> server_status(const Context& context) {
  auto info = context.api().get("/v1/info");
  if (info) {
    if (context.output.json()) return report_server(context, "");
    const json::object& object = info->as_object();
    auto started = time_of(object, "started");
    TRY(report_server(
        context,
        fmt::format("The server runs: version {}, {}{} sandboxes, {} terminals, {} viewers", text_of(object, "version"),
                    started ? fmt::format("for {}, ", human_age(*started, context.clock->now())) : "",
                    number_of(object, "sandboxes"), number_of(object, "terminals"), number_of(object, "viewers"))));
    return Success;
  }
  auto record = context.local ? find_server(context.home) : std::nullopt;
  if (!record && info.error().code != Code::Unavailable) return pass(info.error());
  if (context.output.json())
    context.output.print_json(json::object{{"running", record.has_value()}, {"ready", false}});
  else if (record)
    context.output.print(fmt::format("The server runs and does not answer yet, process {}.\n", record->process.pid));
  else
    context.output.print(fmt::format("No server runs at {}.\n", context.endpoint.describe()));
  return record ? Failure : InvalidOrMissing;
}

Result<int> version(const Context& context) {
  auto info = context.api().get("/v1/info");
  std::string server = info && info->is_object() ? text_of(info->get_object(), "version") : "";
  if (context.output.json()) {
    context.output.print_json(json::object{{"version", BERTH_VERSION},
                                           {"server", server.empty() ? json::value(nullptr) : json::value(server)}});
  } else {
    context.output.print(
        fmt::format("berth {}\n{}", BERTH_VERSION, server.empty() ? "" : fmt::format("server {}\n", server)));
  }
  return Success;
}

}  // namespace berth::cli
