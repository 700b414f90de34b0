#include "sandbox_oci/probe.hpp"

#include <optional>

#include "base/check.hpp"
#include "os/file.hpp"
#include "os/host.hpp"
#include "os/process.hpp"
#include "sandbox/isolation.hpp"
#include "sandbox_oci/probe_file.hpp"
#include "sandbox_oci/trial.hpp"

namespace berth::sandbox_oci {
namespace {

using Flags = std::vector<std::string>;

struct Candidate {
  const char* kind;
  std::vector<Flags> flag_sets;  // the better first; the first that works is taken
};

// kvm is not among gVisor's: nested it is slower than systrap, and where the device lies it hangs.
std::vector<Candidate> candidates() {
  return {{"runc", {{}}},
          {"crun", {{}}},
          {"runsc", {{"--platform=systrap", "--network=none"}, {"--platform=ptrace", "--network=none"}}}};
}

FileIdentity find_runtime(const std::string& kind, const ProbeOptions& options) {
  for (const auto& dir : options.search) {
    const auto path = dir / kind;
    const auto state = os::stat_path(path);
    if (!state || !S_ISREG(state->st_mode) || (state->st_mode & 0111) == 0) continue;
    return {.path = path.string(),
            .size = static_cast<std::uint64_t>(state->st_size),
            .modified_ns = state->st_mtim.tv_sec * 1'000'000'000LL + state->st_mtim.tv_nsec};
  }
  return {};
}

Result<ProbeKey> current_key(const ProbeOptions& options) {
  TRY_ASSIGN(auto kernel, os::kernel());
  ProbeKey key{.kernel = kernel.release};
  for (const auto& candidate : candidates()) key.files.push_back(find_runtime(candidate.kind, options));
  return key;
}

// "runc version 1.1.5+ds1": the third word of the first line.
std::string read_version(const std::string& path, std::chrono::milliseconds timeout) {
  const auto ran = os::run({path, "--version"}, {.timeout = timeout});
  if (!ran) return {};
  const auto line = ran->out.substr(0, ran->out.find('\n'));
  return line.substr(line.rfind(' ') + 1);
}

struct Finding {
  Runtime runtime;
  bool timed_out = false;
};

Result<Finding> examine(const Candidate& candidate, const std::string& path, const ProbeOptions& options,
                        const std::filesystem::path& scratch) {
  Finding finding{.runtime = {.kind = candidate.kind, .path = path}};
  auto& runtime = finding.runtime;
  if (path.empty()) {
    runtime.reason = runtime.kind + " is not installed.";
    return finding;
  }
  runtime.version = read_version(path, options.timeout);
  for (const auto& flags : candidate.flag_sets) {
    runtime.flags = flags;
    TRY_ASSIGN(auto trial, try_runtime(runtime, options.init, scratch, options.timeout));
    finding.timed_out |= trial.timed_out;
    runtime.works = trial.works;
    runtime.reason = std::move(trial.reason);
    if (runtime.works) break;
  }
  return finding;
}

const Runtime* working(const Probe& probe, std::string_view kind) {
  for (const auto& runtime : probe.runtimes) {
    if (runtime.kind == kind && runtime.works) return &runtime;
  }
  return nullptr;
}

std::string reasons(const Probe& probe, std::initializer_list<std::string_view> kinds) {
  std::string out;
  for (const auto& runtime : probe.runtimes) {
    for (const auto kind : kinds) {
      if (runtime.kind == kind) out += (out.empty() ? "" : " ") + runtime.reason;
    }
  }
  return out;
}

std::filesystem::path scratch_of(const std::filesystem::path& home) { return home / "probe"; }

}  // namespace

Result<> end_interrupted_probe(const std::filesystem::path& home) { return remove_trial(scratch_of(home)); }

Result<Probe> probe(const ProbeOptions& options) {
  BERTH_CHECK(options.home.is_absolute() && options.init.is_absolute());
  const auto file = options.home / "probe.json";
  TRY_ASSIGN(auto key, current_key(options));
  if (auto text = os::read_file(file, 64 << 10)) {
    if (auto known = read_probe(*text, key)) return *std::move(known);
  }

  const auto scratch = scratch_of(options.home);
  TRY(remove_trial(scratch));  // of a probe that was killed
  TRY(os::make_private_directory(scratch));
  Probe found;
  bool timed_out = false;
  const auto all = candidates();
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto finding = examine(all[i], key.files[i].path, options, scratch);
    if (!finding) {
      (void)os::remove_tree(scratch);
      return pass(std::move(finding).error());
    }
    timed_out |= finding->timed_out;
    found.runtimes.push_back(std::move(finding->runtime));
  }
  TRY(os::remove_tree(scratch));
  // A timeout may be a busy machine's: it is not remembered.
  if (!timed_out) TRY(os::durable_write(file, write_probe(found, key)));
  return found;
}

Result<Choice> choose(const std::string& isolation, const Probe& probe) {
  const auto wanted = sandbox::parse_isolation(isolation);
  if (!wanted) {
    return fail(Code::InvalidArgument, "The isolation is not known.", "It is one of auto, gvisor, container.");
  }
  const Runtime* gvisor = working(probe, "runsc");
  const Runtime* container = working(probe, "runc");
  if (container == nullptr) container = working(probe, "crun");
  using sandbox::Isolation;
  if (gvisor != nullptr && *wanted != Isolation::Container) return Choice{"gvisor", *gvisor};
  if (container != nullptr && *wanted != Isolation::Gvisor) return Choice{"container", *container};
  if (*wanted == Isolation::Gvisor) {
    return pass(Error{.code = Code::Unsupported,
                      .message = "gVisor does not work on this machine.",
                      .hint = "Install runsc (apt install runsc), or choose the isolation \"container\".",
                      .operation = "choose runtime",
                      .subject = reasons(probe, {"runsc"})});
  }
  return pass(Error{.code = Code::Unsupported,
                    .message = "No container runtime works on this machine.",
                    .hint = "Install runc: apt install runc.",
                    .operation = "choose runtime",
                    .subject = reasons(probe, {"runc", "crun", "runsc"})});
}

}  // namespace berth::sandbox_oci
