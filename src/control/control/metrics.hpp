#pragma once
// Figures of the server as Prometheus text (exposition format 0.0.4). Labels come from the code alone (actions and error
// codes), so their number is bounded whatever clients send. Counting takes no lock; any thread.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "control/actions.hpp"
#include "jobs/jobs.hpp"
#include "sessions/sessions.hpp"
#include "store/store.hpp"

namespace berth::control {

// "create_sandbox": the action's name as logs and metrics say it.
[[nodiscard]] std::string_view action_name(std::size_t index);

struct Gauges {
  std::uint64_t sandboxes = 0, terminals = 0, viewers = 0, event_readers = 0, rate_buckets = 0;
  double uptime_seconds = 0;
  jobs::Statistics jobs;
  sessions::Statistics sessions;
  std::uint64_t audit_unrecorded = 0;
};

class Metrics {
 public:
  void count(std::size_t action, const Error* error, std::chrono::nanoseconds took);
  [[nodiscard]] std::string text(const Gauges& gauges, const store::Statistics& store) const;

 private:
  static constexpr std::size_t actions = std::variant_size_v<Action>;
  static constexpr std::size_t outcomes = static_cast<std::size_t>(Code::Internal) + 2;  // ok, then each code
  struct Row {
    std::array<std::atomic<std::uint64_t>, outcomes> count{};
    std::atomic<std::uint64_t> ns{0};
  };
  std::array<Row, actions> rows_{};
};

}  // namespace berth::control
