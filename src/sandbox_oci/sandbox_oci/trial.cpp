#include "sandbox_oci/trial.hpp"

#include <fcntl.h>

#include <boost/json/serialize.hpp>

#include <functional>
#include <string>

#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/limits.hpp"
#include "os/process.hpp"
#include "sandbox_oci/bundle.hpp"
#include "sandbox_oci/driver.hpp"
#include "sandbox_oci/launch.hpp"
#include "sandbox_oci/layout.hpp"

namespace berth::sandbox_oci {
namespace {

// Found again from the directory alone, by a process that comes after one that was killed.
std::string trial_cgroup(const std::filesystem::path& scratch) {
  return "/berth-probe-" + std::to_string(std::hash<std::string>{}(scratch.string()));
}

Result<sandbox::Spec> make_spec(const Runtime& runtime, const std::filesystem::path& init,
                                const std::filesystem::path& scratch) {
  TRY_ASSIGN(const auto self, os::ProcessIdentity::self());
  sandbox::Spec spec;
  // runsc names an abstract socket of the host after the id: two probes at one time must not meet
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  spec.id = "probe-" + runtime.kind + "-" + std::to_string(self.pid) + "-" + std::to_string(now);
  spec.hostname = "probe";
  spec.dir = scratch;
  spec.runtime = runtime.path;
  spec.runtime_kind = runtime.kind;
  spec.runtime_flags = runtime.flags;
  spec.init = init;
  spec.cgroup = trial_cgroup(scratch);
  return spec;
}

Result<> prepare(const sandbox::Spec& spec) {
  const Layout layout(spec.dir);
  for (const auto& path : {layout.bundle, layout.root, layout.workspace, layout.state})
    TRY(os::make_directory(path, 0755));
  TRY_ASSIGN(auto file, os::open_flags(layout.bundle / "config.json", O_WRONLY | O_CREAT | O_TRUNC, 0600));
  return os::write_all(file.get(), boost::json::serialize(make_bundle(spec, os::open_files_ceiling())));
}

// The caller has threads and cannot change its own mount namespace: unshare(1) stands between. crun's detour is the
// driver's too.
Result<std::vector<std::string>> command(const sandbox::Spec& spec) {
  TRY_ASSIGN(auto cgroups, os::Cgroups::find());
  const bool detour = spec.runtime_kind == "crun" && !cgroups.unified() && cgroups.v2();
  std::vector<std::string> argv{"unshare",
                                "--mount",
                                "--propagation",
                                "slave",
                                "--",
                                "sh",
                                "-c",
                                std::string(detour ? "umount \"$0\" && " : "") + "exec \"$@\"",
                                detour ? cgroups.v2()->string() : "sh"};
  const auto run = run_command(spec, RunMode::Foreground);
  argv.insert(argv.end(), run.begin(), run.end());
  return argv;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

Result<Trial> run_trial(const sandbox::Spec& spec, std::chrono::milliseconds timeout) {
  TRY(prepare(spec));
  TRY_ASSIGN(auto argv, command(spec));
  auto ran = os::run(std::move(argv), {.timeout = timeout});
  if (!ran && ran.error().code == Code::Timeout) {
    return Trial{.timed_out = true, .reason = spec.runtime_kind + " did not answer in time."};
  }
  if (!ran) return pass(std::move(ran).error());
  if (!ran->out.empty()) return Trial{.works = true};
  auto said = last_line(log_tail(Layout(spec.dir).runtime_log));
  if (said.empty()) said = last_line(ran->err);
  return Trial{.reason = spec.runtime_kind + " " + to_string(ran->exit) + (said.empty() ? "" : ": " + said)};
}

}  // namespace

Result<> remove_trial(const std::filesystem::path& scratch) {
  if (!os::stat_no_follow(scratch)) return {};
  TRY(remove_traces(scratch, trial_cgroup(scratch)));
  return os::remove_tree(scratch);
}

Result<Trial> try_runtime(const Runtime& runtime, const std::filesystem::path& init,
                          const std::filesystem::path& scratch, std::chrono::milliseconds timeout) {
  TRY_ASSIGN(const auto spec, make_spec(runtime, init, scratch));
  auto trial = run_trial(spec, timeout);
  auto removed = remove_traces(spec.dir, spec.cgroup);  // also what a runtime that was killed left running
  if (!trial) return trial;
  TRY(removed);
  const Layout layout(scratch);
  for (const auto& path : {layout.workspace, layout.runtime_log}) TRY(os::remove_tree(path));
  return trial;
}

}  // namespace berth::sandbox_oci
