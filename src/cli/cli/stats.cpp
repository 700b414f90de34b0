#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <csignal>
#include <map>

#include "cli/actions.hpp"
#include "cli/json.hpp"
#include "cli/table.hpp"
#include "cli/targets.hpp"
#include "os/poll.hpp"
#include "pty/raw_mode.hpp"

#include <poll.h>

namespace berth::cli {
namespace json = boost::json;
using namespace std::chrono_literals;
namespace {

constexpr auto watch_every = 2s;

struct Sample {
  std::int64_t cpu_ns = 0;
  SteadyTime at;
};

Result<std::vector<std::string>> wanted(const Context& context, const verb::Stats& verb) {
  if (!verb.sandboxes.empty()) return verb.sandboxes;
  TRY_ASSIGN(json::array running, context.api().list("/v1/sandboxes?state=running"));
  std::vector<std::string> out;
  for (const json::value& item : running) out.push_back(text_of(object_of(item), "name"));
  return out;
}

std::string share(std::optional<Sample> before, const Sample& now) {
  if (!before || now.at <= before->at) return "";
  auto wall = std::chrono::duration_cast<std::chrono::nanoseconds>(now.at - before->at).count();
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(now.cpu_ns - before->cpu_ns) / static_cast<double>(wall));
}

// A sandbox that ended between two looks is left out of a list, and an error when it was named.
Result<> one_look(const Context& context, const verb::Stats& verb, std::map<std::string, Sample>& samples) {
  TRY_ASSIGN(auto names, wanted(context, verb));
  json::array out;
  Table table({"NAME", "MEMORY", "LIMIT", "CPU", "CPU TIME", "PROCESSES", "OOM KILLS"});
  for (const std::string& name : names) {
    auto answer = context.api().get(sandbox_path(name, "/stats"));
    if (!answer && verb.sandboxes.empty()) continue;
    TRY(answer);
    json::object stats = object_of(*answer);
    auto limit = number_of(stats, "memory_limit");
    Sample now{.cpu_ns = number_of(stats, "cpu_ns"), .at = context.clock->steady()};
    auto before = samples.find(name);
    table.add({name, human_bytes(static_cast<std::uint64_t>(number_of(stats, "memory_bytes"))),
               limit > 0 ? human_bytes(static_cast<std::uint64_t>(limit)) : "none",
               share(before == samples.end() ? std::nullopt : std::optional(before->second), now),
               human_duration(std::chrono::nanoseconds{now.cpu_ns}), std::to_string(number_of(stats, "processes")),
               std::to_string(number_of(stats, "oom_kills"))});
    samples[name] = now;
    stats["sandbox"] = name;
    out.push_back(std::move(stats));
  }
  if (context.output.json())
    context.output.print_json(out);
  else
    context.output.print((verb.watch && pty::is_terminal(context.output.streams().out) ? "\x1b[H\x1b[2J" : "") +
                         table.text());
  return {};
}

}  // namespace

Result<int> stats(const Context& context, const verb::Stats& verb) {
  std::map<std::string, Sample> samples;
  if (!verb.watch) {
    TRY(one_look(context, verb, samples));
    return Success;
  }
  TRY_ASSIGN(auto signals, os::SignalFd::open({SIGINT, SIGTERM, SIGHUP}));
  for (;;) {
    TRY(one_look(context, verb, samples));
    TRY_ASSIGN(bool interrupted, os::wait_ready(signals.fd(), POLLIN, watch_every));
    if (interrupted) return Success;
  }
}

}  // namespace berth::cli
