#include "shim/spec.hpp"

#include <unistd.h>

#include "base/id.hpp"
#include "os/file.hpp"
#include "wire/frame.hpp"

namespace berth::shim {
namespace {

constexpr std::size_t max_spec_bytes = 1 << 20;
constexpr std::uint32_t spec_version = 1;

}  // namespace

Result<wire::ShimSpec> load_spec(const std::filesystem::path& sandbox_dir) {
  const auto path = sandbox_dir / "spec.pb";
  TRY_ASSIGN(const auto file, os::open_read(path));
  TRY_ASSIGN(const auto state, os::stat_fd(file.get()));
  if (state.st_uid != ::geteuid() || (state.st_mode & 077) != 0)
    return fail(Code::PermissionDenied, "The sandbox's specification is not private to this user.");
  TRY_ASSIGN(const auto bytes, os::read_all(file.get(), max_spec_bytes, path));
  wire::ShimSpec spec;
  TRY(wire::parse_frame(bytes, spec));
  return checked(std::move(spec));
}

Result<wire::ShimSpec> checked(wire::ShimSpec spec) {
  if (spec.version() != spec_version) return fail(Code::Unsupported, "The sandbox's specification is of another version.");
  if (!SandboxId::looks_like(spec.sandbox_id())) return fail(Code::InvalidArgument, "The specification names no sandbox.");
  if (spec.secret().size() != secret_bytes) return fail(Code::InvalidArgument, "The specification's secret has a wrong size.");
  for (const auto* path : {&spec.sandbox_dir(), &spec.terminals_dir()})
    if (!path->starts_with('/')) return fail(Code::InvalidArgument, "The specification's directories are not absolute.");
  if (spec.send_buffer_bytes() == 0) spec.set_send_buffer_bytes(1 << 20);
  if (spec.start_timeout_ms() == 0) spec.set_start_timeout_ms(30'000);
  if (spec.stop_grace_ms() == 0) spec.set_stop_grace_ms(5'000);
  if (spec.journal_segment_bytes() == 0) spec.set_journal_segment_bytes(16 << 20);
  if (spec.journal_sync_ms() == 0) spec.set_journal_sync_ms(1'000);
  return spec;
}

sandbox::Spec driver_spec(const wire::ShimSpec& spec) {
  sandbox::Spec out;
  out.id = spec.sandbox_id();
  out.hostname = spec.hostname();
  out.dir = spec.sandbox_dir();
  out.template_root = spec.template_root();
  out.runtime = spec.runtime();
  out.runtime_kind = spec.runtime_kind();
  out.runtime_flags = {spec.runtime_flags().begin(), spec.runtime_flags().end()};
  out.init = spec.init_path();
  out.cgroup = spec.cgroup_parent() + "/" + spec.sandbox_id();
  out.limits = {.memory_bytes = spec.limits().memory_bytes(),
                .cpu_millis = spec.limits().cpu_millis(),
                .processes = spec.limits().processes(),
                .open_files = spec.limits().open_files()};
  for (const auto& variable : spec.env()) out.env[variable.name()] = variable.value();
  return out;
}

}  // namespace berth::shim
