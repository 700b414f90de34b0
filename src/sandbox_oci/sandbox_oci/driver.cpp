#include "sandbox_oci/driver.hpp"

#include <fcntl.h>

#include <array>
#include <system_error>

#include <boost/json/serialize.hpp>

#include "base/check.hpp"
#include "os/cgroup.hpp"
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "os/limits.hpp"
#include "os/mount.hpp"
#include "sandbox_oci/bundle.hpp"
#include "sandbox_oci/launch.hpp"
#include "sandbox_oci/layout.hpp"
#include "sandbox_oci/survivors.hpp"

namespace berth::sandbox_oci {
namespace {

constexpr std::chrono::milliseconds parent_patience{500};

std::unexpected<Error> missing(std::string message, std::string hint, const std::filesystem::path& path) {
  return pass(Error{.code = Code::FailedPrecondition,
                    .message = std::move(message),
                    .hint = std::move(hint),
                    .operation = "open sandbox",
                    .subject = path.string()});
}

bool is_program(const std::filesystem::path& path) {
  auto state = os::stat_path(path);
  return state && S_ISREG(state->st_mode) && (state->st_mode & 0111) != 0;
}

Result<> check(const sandbox::Spec& spec) {
  BERTH_CHECK(!spec.id.empty() && spec.dir.is_absolute() && spec.template_root.is_absolute() &&
              spec.init.is_absolute());
  BERTH_CHECK(spec.cgroup.starts_with('/') && spec.limits.memory_bytes > 0 && spec.limits.processes > 0);
  BERTH_CHECK(spec.runtime_kind == "runc" || spec.runtime_kind == "crun" || spec.runtime_kind == "runsc");
  auto root = os::stat_path(spec.template_root);
  if (!root || !S_ISDIR(root->st_mode)) {
    return missing("The sandbox's template is not there.", "Build it: berth template build.", spec.template_root);
  }
  if (!is_program(spec.runtime)) {
    return missing("The sandbox runtime is not there.", "Install it: apt install runc.", spec.runtime);
  }
  if (!is_program(spec.init)) return missing("berth-init is not there.", "Install Berth again.", spec.init);
  return {};
}

// What a driver mounts must be seen by nobody else, and crun's detour unmounts: never in the host's own namespace.
Result<> check_mount_namespace() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/ns/mnt", error);
  const auto host = std::filesystem::read_symlink("/proc/1/ns/mnt", error);
  if (error || own != host) return {};
  return fail(Code::FailedPrecondition, "A sandbox is started in a private mount namespace only.");
}

// crun refuses a host with controllers of both versions, by the mere sight of the v2 mount.
Result<os::Cgroups> cgroups_for(const sandbox::Spec& spec) {
  TRY_ASSIGN(auto cgroups, os::Cgroups::find());
  if (spec.runtime_kind != "crun" || cgroups.unified() || !cgroups.v2()) return cgroups;
  TRY(os::unmount(*cgroups.v2()));
  return os::Cgroups::find();
}

// What is of no use without the running sandbox.
Result<> remove_runtime_files(const Layout& layout) {
  TRY(os::unmount_below(layout.root));
  for (const auto& path : {layout.root, layout.work, layout.bundle, layout.state}) TRY(os::remove_tree(path));
  return {};
}

// The group above all sandboxes of a home, once the last of them is gone. Whoever starts one shares the lock on their
// directory, so that no group goes while a runtime makes another in it.
Result<> remove_parent(const std::filesystem::path& dir, const os::Cgroups& cgroups, const std::string& cgroup) {
  const std::string parent = std::filesystem::path(cgroup).parent_path();
  if (parent == "/" || !os::stat_path(dir.parent_path())) return {};
  TRY_ASSIGN(const auto others, cgroups.children(parent));
  if (!others.empty()) return {};  // the last of them will do it
  TRY_ASSIGN(const auto lock, os::lock_directory(dir.parent_path(), parent_patience));
  return lock ? cgroups.remove_when_empty(parent) : Result<>{};  // else one starts: it will do it when it ends
}

class OciDriver final : public sandbox::Driver {
 public:
  OciDriver(sandbox::Spec spec, DriverOptions options, os::Cgroups cgroups)
      : spec_(std::move(spec)), options_(options), layout_(spec_.dir), cgroups_(std::move(cgroups)) {}

  [[nodiscard]] sandbox::Channel channel() const override {
    return spec_.runtime_kind == "runsc" ? sandbox::Channel::InBand : sandbox::Channel::PtyHandover;
  }

  Result<sandbox::Started> start() override {
    const bool fresh = !os::stat_no_follow(layout_.upper) && !os::stat_no_follow(layout_.workspace);
    auto started = prepare_and_launch();
    if (!started) undo(fresh);
    return started;
  }

  Result<> pause() override { return cgroups_.freeze(spec_.cgroup); }
  Result<> resume() override { return cgroups_.thaw(spec_.cgroup); }

  Result<sandbox::Usage> usage() override {
    TRY_ASSIGN(auto now, cgroups_.usage(spec_.cgroup));
    return sandbox::Usage{.memory_bytes = now.memory_bytes,
                          .memory_limit = now.memory_limit,
                          .cpu_ns = now.cpu_ns,
                          .processes = now.processes,
                          .oom_kills = now.oom_kills};
  }

  Result<> destroy() override {
    TRY(cgroups_.kill(spec_.cgroup, options_.stop_timeout));
    TRY(cgroups_.remove(spec_.cgroup));
    TRY(remove_parent(spec_.dir, cgroups_, spec_.cgroup));
    return remove_runtime_files(layout_);
  }

 private:
  Result<sandbox::Started> prepare_and_launch() {
    TRY_ASSIGN(const auto starting, os::share_directory(spec_.dir.parent_path()));
    TRY(prepare());
    return launch(spec_, options_.start_timeout);
  }

  Result<> prepare() {
    for (const auto& path : {layout_.bundle, layout_.work, layout_.state}) TRY(os::make_directory(path, 0700));
    for (const auto& path : {layout_.upper, layout_.root, layout_.workspace}) TRY(os::make_directory(path, 0755));
    TRY(os::set_owner(layout_.workspace, user_id, user_id));
    // runc gives a tmpfs the mode of the directory that it covers, whatever the mount's options say
    TRY(os::make_directory(layout_.upper / "tmp", 0700));
    TRY(os::set_mode(layout_.upper / "tmp", 01777));
    TRY(os::make_directory(layout_.upper / "run", 0755));
    const auto config = boost::json::serialize(make_bundle(spec_, os::open_files_ceiling()));
    TRY(os::open_flags(layout_.runtime_log, O_WRONLY | O_CREAT, 0600));  // the runtime would make it for all to read
    TRY_ASSIGN(auto file, os::open_flags(layout_.bundle / "config.json", O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY(os::write_all(file.get(), config));
    return os::mount_overlay({.lower = spec_.template_root, .upper = layout_.upper, .work = layout_.work}, layout_.root,
                             MS_NODEV | MS_NOSUID);
  }

  // After a start that failed. Its error is the one that counts: what cannot be removed here, remove_traces() finds.
  void undo(bool fresh) {
    (void)end_survivors(layout_, cgroups_, spec_.cgroup, options_.stop_timeout);
    (void)destroy();
    if (!fresh) return;
    for (const auto& path : {layout_.upper, layout_.workspace, layout_.runtime_log, layout_.init_log}) {
      (void)os::remove_tree(path);
    }
  }

  const sandbox::Spec spec_;
  const DriverOptions options_;
  const Layout layout_;
  const os::Cgroups cgroups_;
};

}  // namespace

Result<std::unique_ptr<sandbox::Driver>> Driver::open(sandbox::Spec spec, DriverOptions options) {
  TRY(check(spec));
  TRY(check_mount_namespace());
  TRY_ASSIGN(auto cgroups, cgroups_for(spec));
  return std::make_unique<OciDriver>(std::move(spec), options, std::move(cgroups));
}

Result<> remove_traces(const std::filesystem::path& dir, const std::string& cgroup,
                       std::chrono::milliseconds stop_timeout) {
  BERTH_CHECK(dir.is_absolute() && cgroup.starts_with('/') && cgroup.size() > 1);
  const Layout layout(dir);
  TRY_ASSIGN(auto cgroups, os::Cgroups::find());
  TRY(end_survivors(layout, cgroups, cgroup, stop_timeout));
  TRY(cgroups.remove(cgroup));
  TRY(remove_parent(dir, cgroups, cgroup));
  return remove_runtime_files(layout);
}

}  // namespace berth::sandbox_oci
