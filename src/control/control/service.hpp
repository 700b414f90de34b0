#pragma once
// The server behind the transports, put together: control and the domain below it.
//
// Example (control::Dependencies dependencies, control::KeepKey keep):
//   CO_TRY_ASSIGN(const auto service, control::Service::open(std::move(dependencies)));
//   CO_TRY_ASSIGN(const auto key, co_await service->ensure_first_key(keep));  // a new key when there was none: show it once
//   CO_TRY(co_await service->recover());  // the sandboxes of earlier servers; ready() from then on
//   (void)key;
//   co_await service->stop(std::chrono::seconds{5});  // after the transports; sandboxes go on
//
// Threads: open() on any; the coroutines on any executor of the runtime; the destructor after Runtime::stop().
// Everything in Dependencies that is a pointer outlives the service.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "control/control.hpp"
#include "crypto/machine_keys.hpp"
#include "crypto/secret.hpp"
#include "jobs/jobs.hpp"
#include "log/log.hpp"
#include "sandboxes/runtime.hpp"

namespace berth::aio { class Runtime; }
namespace berth::templates { class Templates; }

namespace berth::control {

struct Settings {  // names and defaults as in config/settings.def
  std::string sandbox_template = "debian", sandbox_isolation = "auto";
  std::uint64_t sandbox_memory_bytes = 512ull << 20;
  std::uint32_t sandbox_cpu_millis = 0, sandbox_processes = 256, sandbox_open_files = 4096;
  std::uint32_t sandbox_max = 100;              // live ones of one owner
  std::chrono::milliseconds sandbox_start_timeout{30'000}, sandbox_stop_grace{5'000};
  std::uint32_t terminal_max = 64;              // running ones of one sandbox
  std::uint32_t recording_html_lines = 10'000;
  std::uint64_t terminal_journal_segment_bytes = 16 << 20;
  std::chrono::milliseconds terminal_journal_sync{1'000};
  bool journal_seal = true;
  bool journal_record_input = false;
  std::uint64_t journal_terminal_bytes = 4ull << 30, journal_owner_bytes = 64ull << 30;
  std::chrono::milliseconds journal_keep{30'000};
  std::uint64_t terminal_send_buffer_bytes = 1 << 20;
  std::uint64_t terminal_chunk_bytes = 64 << 10;
  std::uint64_t terminal_checkpoint_bytes = 4 << 20;
  std::chrono::milliseconds terminal_screen{5'000};
  std::uint64_t terminal_answer_bytes = 16 << 20;
  std::uint32_t terminal_answer_lines = 100'000;
  std::chrono::milliseconds terminal_close_grace{5'000};
  std::chrono::milliseconds journal_grep{5'000};
  std::uint64_t journal_grep_bytes = 2 << 20;
  std::uint32_t journal_greps = 2;              // at one time
  std::uint64_t terminal_viewer_window_bytes = 1 << 20, terminal_viewer_lag_bytes = 4 << 20;
  bool terminal_skip_slow = true;               // else a slow viewer is waited for
  bool terminal_smallest_size = false;          // else the writer's window decides
  std::chrono::milliseconds terminal_seat_grace{30'000};
  std::uint64_t exec_output_bytes = 1 << 20;
  std::chrono::milliseconds exec_timeout{600'000};
  std::uint64_t file_read_bytes = 64 << 20;
  std::uint32_t rate_requests_per_second = 100, rate_burst = 200, rate_keys = 10'000;
  std::chrono::milliseconds keys_used_every{60'000};
  std::uint32_t pool_threads = 4;               // for calls that block
  std::chrono::milliseconds store_check_every{86'400'000};
  std::chrono::days history_keep{0};            // 0: for ever
  std::chrono::days events_keep{30};            // 0: for ever
  std::uint64_t events_most = 1'000'000;        // of one owner
  std::chrono::milliseconds events_prune{600'000};
  std::uint32_t events_topics = 64;             // of one reader
  std::uint64_t audit_keep = 1'000'000, audit_segment = 10'000;  // records
  std::chrono::milliseconds audit_trim{600'000};
  std::uint32_t audit_refusals = 60;            // a minute, of one caller and address
  events::Settings events;
  sessions::Limits sessions;
  snapshots::Limits snapshots;
  std::string snapshot_signer = "berth";        // what this installation calls itself in exports
  std::uint32_t snapshot_imports = 4;           // at one time
  std::uint32_t snapshot_misses_per_second = 5, snapshot_misses_burst = 100;  // of one address, that show nothing
  jobs::Settings jobs;
};

struct Dependencies {
  aio::Runtime* runtime = nullptr;
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  const templates::Templates* templates = nullptr;
  log::Logger log;
  std::filesystem::path home;                   // $BERTH_HOME
  std::filesystem::path shim, init;             // the programs
  sandboxes::Leaves leaves;
  std::shared_ptr<const crypto::MachineKeys> machine_keys;  // filled in by Service::open, from `home`/keys
  Settings settings;
};

using KeepKey = std::function<Result<>(const crypto::Secret& text)>;

class Service : public Control {
 public:
  static Result<std::unique_ptr<Service>> open(Dependencies dependencies);

  // The first API key, made when there is none at all. Its text exists nowhere else than where `keep` puts it, which is
  // called before the key counts.
  virtual boost::asio::awaitable<Result<std::optional<crypto::Secret>>> ensure_first_key(KeepKey keep) = 0;
  // A sandbox that cannot be brought back is reported in its row and in the log, not here.
  virtual boost::asio::awaitable<Result<>> recover() = 0;
  virtual boost::asio::awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace berth::control
