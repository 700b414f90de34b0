#include "cli/doctor.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

#include "cli/human.hpp"
#include "cli/json.hpp"
#include "cli/server.hpp"
#include "config/config.hpp"
#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "pty/raw_mode.hpp"

namespace berth::cli {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

using Level = Finding::Level;
constexpr std::uint64_t little_space = 2ull << 30, no_space = 200ull << 20;  // a template takes 0.5 GiB
constexpr std::uint64_t few_files = 20'000;
constexpr std::size_t small_file = 1u << 20;

std::string_view level_name(Level level) {
  switch (level) {
    case Level::Good: return "good";
    case Level::Warning: return "warning";
    case Level::Problem: return "problem";
  }
  return "problem";
}

// "6.1.0-18-amd64" → 6, 1
std::pair<int, int> kernel_version(std::string_view release) {
  int major = 0, minor = 0;
  auto [end, error] = std::from_chars(release.data(), release.data() + release.size(), major);
  if (error == std::errc{} && end != release.data() + release.size() && *end == '.')
    std::from_chars(end + 1, release.data() + release.size(), minor);
  return {major, minor};
}

Finding look_at_user() {
  if (os::effective_user() == 0) return {.subject = "user", .detail = "root"};
  return {Level::Problem, "user", "not root: sandboxes cannot be made",
          "Run the server as root: sudo berth server start, or the package's service."};
}

Finding look_at_cgroups() {
  auto found = os::Cgroups::find();
  if (!found) return {Level::Problem, "cgroups", "none are mounted", "Mount cgroup2 at /sys/fs/cgroup."};
  if (found->unified()) return {.subject = "cgroups", .detail = "v2"};
  std::string detail = found->v2() ? "hybrid: v1 controllers with v2 beside them" : "v1";
  for (const char* needed : {"memory", "pids", "cpu", "freezer"})
    if (!found->v1().contains(needed))
      return {Level::Problem, "cgroups", fmt::format("{}, without {}", detail, needed),
              "Boot with that controller, or with cgroup v2."};
  return {.subject = "cgroups", .detail = detail};
}

std::string age_of_file(const std::string& path, WallTime now) {
  auto state = os::stat_path(path);
  if (!state) return "";
  return human_age(WallTime{std::chrono::seconds{state->st_mtim.tv_sec}}, now);
}

void look_at_runtimes(const Context& context, std::vector<Finding>& out) {
  Progress progress(context.output, "Trying the runtimes");
  auto runtimes = context.dependencies->probe(context.home);
  if (!runtimes) {
    out.push_back({Level::Problem, "runtimes", runtimes.error().message, runtimes.error().hint});
    return;
  }
  std::vector<std::string> ages;
  for (const auto& runtime : *runtimes) ages.push_back(age_of_file(runtime.path, context.clock->now()));
  for (auto& finding : judge_runtimes(*runtimes, ages)) out.push_back(std::move(finding));
}

void look_at_tools(const Context& context, std::vector<Finding>& out) {
  struct Tool {
    const char *name, *package, *purpose;
  };
  for (const Tool& tool : {Tool{"mmdebstrap", "mmdebstrap", "the debian template"},
                           Tool{"busybox", "busybox-static", "the busybox template"}}) {
    if (os::find_executable(tool.name, os::env_value(context.environment, "PATH"))) continue;
    out.push_back({Level::Warning, "tools", fmt::format("{} is missing: {} cannot be built", tool.name, tool.purpose),
                   fmt::format("apt-get install {}", tool.package)});
  }
}

// The home itself, or the nearest directory above it that is there.
fs::path existing(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

void look_at_home(const Context& context, std::vector<Finding>& out) {
  out.push_back({.subject = "home", .detail = context.home});
  if (auto space = os::disk_space(existing(context.home)))
    out.push_back(judge_disk(*space));
  else
    out.push_back({Level::Problem, "disk", space.error().message, ""});
  auto problems = config::check({.file = context.home / "config.yaml", .environment = context.environment});
  for (const auto& problem : problems)
    out.push_back({Level::Problem, "configuration", problem.text(), "See `berth config reference`."});
}

void look_at_templates(const Context& context, std::vector<Finding>& out) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(context.home / "images" / "names", error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::ranges::sort(names);
  if (error && error != std::errc::no_such_file_or_directory) {
    out.push_back({Level::Problem, "templates", "the images of this home cannot be read: " + error.message(),
                   "Give them back to the user that runs the server."});
    return;
  }
  if (names.empty())
    out.push_back({Level::Warning, "templates", "none is built",
                   "The first `berth run` builds one, or: berth template build debian"});
  else
    out.push_back({.subject = "templates", .detail = fmt::format("built: {}", fmt::join(names, ", "))});
}

void look_at_server(const Context& context, std::vector<Finding>& out) {
  auto info = context.api().get("/v1/info");
  auto record = context.local ? find_server(context.home) : std::nullopt;
  if (!info) {
    if (record)
      out.push_back({Level::Problem, "server", fmt::format("process {} runs and does not answer", record->process.pid),
                     "See its log in $BERTH_HOME/log."});
    else
      out.push_back({.subject = "server", .detail = "does not run", .advice = "berth server start"});
    return;
  }
  std::string version = text_of(object_of(*info), "version");
  if (version == BERTH_VERSION)
    out.push_back({.subject = "server", .detail = "runs, version " + version});
  else
    out.push_back({Level::Warning, "server", fmt::format("runs version {}, this program is {}", version, BERTH_VERSION),
                   "berth server stop, then berth server start; sandboxes go on"});
}

// A sandbox whose shim is gone without a written end.
bool is_leftover(const fs::path& dir) {
  if (os::stat_path(dir / "exit.json")) return false;
  auto text = os::read_file(dir / "shim.json", small_file);
  if (!text) return false;
  json::error_code error;
  json::object record = object_of(json::parse(*text, error));
  if (error) return true;
  os::ProcessIdentity shim{.boot_id = text_of(record, "boot_id"),
                           .pid = static_cast<pid_t>(number_of(record, "pid")),
                           .start_time = static_cast<std::uint64_t>(number_of(record, "start_time"))};
  return !shim.verify();
}

void look_at_leftovers(const Context& context, std::vector<Finding>& out) {
  std::vector<std::string> dead;
  std::error_code error;
  for (fs::directory_iterator it(context.home / "sandboxes", error), end; !error && it != end; it.increment(error))
    if (is_leftover(it->path())) dead.push_back(it->path().filename());
  std::ranges::sort(dead);
  if (dead.empty())
    out.push_back({.subject = "leftovers", .detail = "none"});
  else
    out.push_back({Level::Warning, "leftovers", fmt::format("of sandboxes that died: {}", fmt::join(dead, ", ")),
                   "A server cleans up when it starts: berth server stop, then berth server start"});
}

std::string text(const std::vector<Finding>& findings, bool colours) {
  std::string out;
  std::size_t width = 0;
  for (const auto& finding : findings) width = std::max(width, finding.subject.size());
  for (const auto& finding : findings) {
    const char* mark = finding.level == Level::Good ? "ok" : finding.level == Level::Warning ? "!" : "x";
    const char* colour = !colours                          ? ""
                         : finding.level == Level::Good    ? "\x1b[32m"
                         : finding.level == Level::Warning ? "\x1b[33m"
                                                           : "\x1b[31m";
    out += fmt::format("{}{:<2}{}  {:<{}}  {}\n", colour, mark, colours ? "\x1b[0m" : "", finding.subject, width,
                       finding.detail);
    if (!finding.advice.empty()) out += fmt::format("    {:<{}}  -> {}\n", "", width, finding.advice);
  }
  return out;
}

}  // namespace

Finding judge_kernel(const os::Kernel& kernel) {
  std::string detail = fmt::format("{} {} {}", kernel.name, kernel.release, kernel.machine);
  auto version = kernel_version(kernel.release);
  if (kernel.name != "Linux" || version < std::pair{5, 6})
    return {Level::Problem, "kernel", detail, "Berth needs Linux 5.6 or newer (openat2, pidfd)."};
  if (version < std::pair{5, 11}) return {Level::Warning, "kernel", detail, "Linux 5.11 or newer is tested."};
  return {.subject = "kernel", .detail = detail};
}

Finding judge_disk(const os::DiskSpace& space) {
  std::string detail = fmt::format("{} free of {}", human_bytes(space.available_bytes), human_bytes(space.total_bytes));
  if (space.available_bytes < no_space)
    return {Level::Problem, "disk", detail, "Make room: journals and workspaces cannot be written soon."};
  if (space.available_bytes < little_space)
    return {Level::Warning, "disk", detail,
            "Make room before it runs out: berth rm removes sandboxes, berth template rm templates."};
  if (space.free_files > 0 && space.free_files < few_files)
    return {Level::Warning, "disk", fmt::format("{}, {} more files", detail, space.free_files),
            "The file system runs out of inodes."};
  return {.subject = "disk", .detail = detail};
}

std::vector<Finding> judge_runtimes(const std::vector<RuntimeReport>& runtimes, const std::vector<std::string>& ages) {
  std::vector<Finding> out;
  bool container = false, gvisor = false;
  for (std::size_t i = 0; i < runtimes.size(); ++i) {
    const RuntimeReport& runtime = runtimes[i];
    (runtime.kind == "runsc" ? gvisor : container) |= runtime.works;
    if (runtime.path.empty()) {
      out.push_back({.subject = runtime.kind, .detail = "not installed"});
      continue;
    }
    std::string detail = fmt::format("{}{}{}", runtime.version.empty() ? runtime.path : runtime.version,
                                     i < ages.size() && !ages[i].empty() ? fmt::format(", {} old", ages[i]) : "",
                                     runtime.works ? ", works" : ", does not work: " + runtime.reason);
    out.push_back({runtime.works ? Level::Good : Level::Warning, runtime.kind, std::move(detail), ""});
  }
  if (gvisor)
    out.push_back({.subject = "isolation", .detail = container ? "gvisor (auto) and container" : "gvisor (auto)"});
  else if (container)
    out.push_back({Level::Warning, "isolation", "container (auto); gvisor does not work here",
                   "Install runsc (gVisor) for isolation with a kernel of its own."});
  else
    out.push_back({Level::Problem, "isolation", "no runtime works", "apt-get install runc"});
  return out;
}

Result<int> doctor(const Context& context) {
  std::vector<Finding> findings;
  if (auto kernel = os::kernel()) findings.push_back(judge_kernel(*kernel));
  findings.push_back(look_at_user());
  findings.push_back(look_at_cgroups());
  look_at_runtimes(context, findings);
  look_at_tools(context, findings);
  look_at_home(context, findings);
  look_at_templates(context, findings);
  look_at_server(context, findings);
  look_at_leftovers(context, findings);
  if (context.output.json()) {
    json::array out;
    for (const auto& f : findings)
      out.push_back(
          {{"level", level_name(f.level)}, {"subject", f.subject}, {"detail", f.detail}, {"advice", f.advice}});
    context.output.print_json(out);
  } else {
    context.output.print(text(findings, pty::is_terminal(context.output.streams().out)));
  }
  return std::ranges::any_of(findings, [](const Finding& f) { return f.level == Level::Problem; }) ? Failure : Success;
}

}  // namespace berth::cli
