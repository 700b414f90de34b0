#pragma once
// What the shim leaves on disk for servers that come later. Both files are one JSON object, 0600, whole or absent, version 1:
//   shim.json  {"version":1,"sandbox_id":…,"pid":…,"start_time":… (ticks after boot, /proc/<pid>/stat field 22),
//               "boot_id":…,"cgroup":…,"started_ns":…,"berth":"<version>"}
//   exit.json  {"version":1,"sandbox_id":…,"code":…,"reason":…,"time_ns":…}
// shim.json is there before the runtime is started, so that a shim is never overlooked; it is not synced, since no shim
// survives what takes the page cache. shim.sock is there once the sandbox runs. exit.json is durable.
// The pid alone is no proof of anything: compare boot_id and start_time (os::ProcessIdentity).

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/process.hpp"

namespace berth::shim {

struct ShimRecord {
  std::string sandbox_id;
  os::ProcessIdentity process;
  std::string cgroup;
  std::int64_t started_ns = 0;
};
struct ExitRecord {
  std::string sandbox_id;
  std::string code;    // "stopped", "init_died", "out_of_memory", "start_failed", "init_misbehaved", "shim_failed"
  std::string reason;  // one sentence
  std::int64_t time_ns = 0;
};

[[nodiscard]] std::string to_json(const ShimRecord& record);
[[nodiscard]] std::string to_json(const ExitRecord& record);
Result<> write_record(const std::filesystem::path& dir, const ShimRecord& record);
Result<> write_record(const std::filesystem::path& dir, const ExitRecord& record);

// The last lines of a log file as one line of printable text; "" when there is none.
[[nodiscard]] std::string tail_of(const std::filesystem::path& file);

}  // namespace berth::shim
