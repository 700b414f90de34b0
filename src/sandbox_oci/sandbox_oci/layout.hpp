#pragma once
// Where one sandbox's things are, below Spec.dir. Pure.

#include <filesystem>

namespace berth::sandbox_oci {

struct Layout {
  explicit Layout(const std::filesystem::path& dir)
      : bundle(dir / "bundle"),
        upper(dir / "upper"),
        work(dir / "work"),
        root(dir / "root"),
        workspace(dir / "workspace"),
        state(dir / "run"),
        pid_file(state / "pid"),
        lock(state / "lock"),
        runtime_log(dir / "runtime.log"),
        init_log(dir / "init.log") {}

  std::filesystem::path bundle;       // config.json
  std::filesystem::path upper, work;  // of the overlay
  std::filesystem::path root;         // the overlay's mount point
  std::filesystem::path workspace;
  std::filesystem::path state;  // the runtime's own (--root)
  std::filesystem::path pid_file;
  std::filesystem::path lock;  // held by every process of the runtime
  std::filesystem::path runtime_log, init_log;
};

}  // namespace berth::sandbox_oci
