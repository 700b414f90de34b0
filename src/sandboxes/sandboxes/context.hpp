#pragma once
// What all sandboxes of a server share. Everything that is a pointer outlives them.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "aio/pool.hpp"
#include "base/clock.hpp"
#include "log/log.hpp"
#include "sandboxes/keeper.hpp"
#include "sandboxes/runtime.hpp"
#include "store/store.hpp"

namespace berth::sandboxes {

class Sandbox;

struct Options {
  std::filesystem::path directory;       // $BERTH_HOME/sandboxes
  std::filesystem::path journals;        // $BERTH_HOME/terminals
  std::filesystem::path shim, init;      // the programs
  std::string cgroup_parent;             // "/berth/<home>"
  std::uint32_t max_per_owner = 100;     // live ones
  std::chrono::milliseconds start_timeout{30'000};
  std::chrono::milliseconds stop_grace{5'000};
  std::chrono::milliseconds stop_margin{10'000};    // after the grace, then by force
  std::chrono::milliseconds reconnect_timeout{5'000};
  std::uint64_t send_buffer_bytes = 1 << 20;
  std::uint64_t journal_segment_bytes = 16 << 20;
  std::chrono::milliseconds journal_sync{1'000};
};

struct Context {
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  aio::Pool* pool = nullptr;
  log::Logger log;
  Leaves leaves;
  Options options;
  std::function<std::shared_ptr<Keeper>(std::shared_ptr<Sandbox>)> make_keeper;
};

}  // namespace berth::sandboxes
