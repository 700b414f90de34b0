#pragma once
// Runs durable background work: claims due jobs from the store, gives each to the handler of its kind, renews its lease
// while the handler works, and stores what came of it. What fails is tried again with growing, jittered pauses, and is
// dead after Kind::max_attempts; what repeats is queued again. A job whose worker died is taken up again after its lease.
//
// Everything on the executor of the group that start() is given; wake() and statistics() from any thread. Handlers are
// coroutines there: work that blocks belongs on a pool. A handler may run twice for one job (a lease that ran out, a crash
// after the work and before the row): handlers are idempotent. It is cancelled when its job was cancelled or its time is up.
// Limits: Settings::workers at a time.
//
// Example (store::Store& store, const Clock& clock, log::Logger log, aio::TaskGroup& group):
//   const auto jobs = std::make_shared<jobs::Jobs>(jobs::Parts{&store, &clock, log}, jobs::Settings{});
//   jobs->handle("hello", {.work = [](store::JobRow) -> boost::asio::awaitable<Result<>> { co_return Result<>{}; }});
//   CO_TRY(co_await jobs->start(group));
//   CO_TRY(co_await store.write([&clock](store::Unit& unit) { return jobs::add(unit, {.kind = "hello"}, clock.now()); }));
//   jobs->wake();

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aio/task_group.hpp"
#include "base/clock.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace berth::jobs {

struct NewJob {
  std::string kind;
  std::string subject, owner, input;  // as in store::JobRow
  std::int32_t priority = 0;
  std::optional<WallTime> run_at;     // absent: now
};

// In the unit of work of the change that needs it. One of the same kind and subject that is active already will do.
Result<> add(store::Unit& unit, NewJob job, WallTime now);

struct Kind {
  std::function<boost::asio::awaitable<Result<>>(store::JobRow)> work;
  std::uint32_t max_attempts = 8;
  std::chrono::milliseconds limit{600'000};        // of one attempt
  std::optional<std::chrono::milliseconds> every;  // repeats: one job of this kind, queued again after each end
};

struct Settings {
  std::uint32_t workers = 2;
  std::chrono::milliseconds lease{60'000};         // renewed at a third of it
  std::chrono::milliseconds first_pause{1'000}, longest_pause{3'600'000};  // doubling
  std::chrono::milliseconds look{30'000};          // at most this long without a look into the store
  std::chrono::milliseconds keep{7 * 24 * 3'600'000ll};                    // of what is over
};

struct Statistics {
  std::uint64_t done = 0, failed = 0, died = 0;    // attempts that worked, that did not, jobs that were given up
  std::uint64_t queued = 0, running = 0, dead = 0; // at the last look
  double oldest_due_seconds = 0;
};

struct Parts {
  store::Store* store = nullptr;
  const Clock* clock = nullptr;
  log::Logger log;
};

class Jobs : public std::enable_shared_from_this<Jobs> {
 public:
  Jobs(Parts parts, Settings settings);

  void handle(std::string name, Kind kind);        // before start
  // Queues what repeats and begins to work, in `group`, until it is stopped.
  boost::asio::awaitable<Result<>> start(aio::TaskGroup& group);
  void wake();                                     // something was added
  [[nodiscard]] Statistics statistics() const;

 private:
  using Time = std::chrono::milliseconds;
  static boost::asio::awaitable<void> run(std::shared_ptr<Jobs> self, aio::TaskGroup* group);
  static boost::asio::awaitable<void> attempt(std::shared_ptr<Jobs> self, store::JobRow row);
  boost::asio::awaitable<Result<bool>> claim_one(aio::TaskGroup& group);
  boost::asio::awaitable<Result<Time>> look();     // how long there is nothing to claim
  boost::asio::awaitable<void> sleep(Time time);
  boost::asio::awaitable<Result<>> hold(JobId id); // renews until the lease is lost
  boost::asio::awaitable<Result<>> work_on(const Kind& kind, store::JobRow row);
  void conclude(store::JobRow& row, const Kind& kind, const Result<>& outcome);
  [[nodiscard]] Time pause_after(std::uint32_t attempts) const;

  Parts parts_;
  Settings settings_;
  std::map<std::string, Kind> kinds_;
  const std::string worker_;                       // this process's name in leases
  std::uint32_t running_ = 0;
  std::unique_ptr<boost::asio::steady_timer> timer_;
  bool woken_ = false;
  std::atomic<std::uint64_t> done_{0}, failed_{0}, died_{0}, queued_{0}, busy_{0}, dead_{0}, oldest_due_ms_{0};
};

}  // namespace berth::jobs
