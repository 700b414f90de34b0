#include "jobs/jobs.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "aio/deadline.hpp"
#include "crypto/crypto.hpp"

namespace berth::jobs {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using store::JobState;

constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t name_bytes = 8;

awaitable<bool> stopped() {
  co_return (co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace

Result<> add(store::Unit& unit, NewJob job, WallTime now) {
  auto added = unit.insert_job({.id = crypto::new_id<JobId>(),
                                .kind = std::move(job.kind),
                                .subject = std::move(job.subject),
                                .owner = std::move(job.owner),
                                .input = std::move(job.input),
                                .priority = job.priority,
                                .run_at = job.run_at.value_or(now),
                                .created = now});
  if (!added && added.error().code == Code::AlreadyExists) return {};
  return added;
}

Jobs::Jobs(Parts parts, Settings settings)
    : parts_(std::move(parts)), settings_(settings), worker_(crypto::random_hex(name_bytes)) {}

void Jobs::handle(std::string name, Kind kind) { kinds_.insert_or_assign(std::move(name), std::move(kind)); }

awaitable<Result<>> Jobs::start(aio::TaskGroup& group) {
  timer_ = std::make_unique<boost::asio::steady_timer>(group.executor());
  std::vector<std::string> repeating;
  for (const auto& [name, kind] : kinds_)
    if (kind.every) repeating.push_back(name);
  CO_TRY(co_await parts_.store->write([repeating, now = parts_.clock->now()](store::Unit& unit) -> Result<> {
    for (const std::string& name : repeating) TRY(add(unit, {.kind = name}, now));
    return {};
  }));
  group.spawn(run(shared_from_this(), &group));
  co_return Result<>{};
}

void Jobs::wake() {
  if (!timer_) return;
  boost::asio::post(timer_->get_executor(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->woken_ = true;
    self->timer_->cancel();
  });
}

awaitable<void> Jobs::sleep(Time time) {
  if (std::exchange(woken_, false)) co_return;
  timer_->expires_after(time);
  (void)co_await timer_->async_wait(no_throw);
  woken_ = false;
}

// One loop claims; each claimed job is a task of its own in the group.
awaitable<void> Jobs::run(std::shared_ptr<Jobs> self, aio::TaskGroup* group) {
  while (!co_await stopped()) {
    auto pause = co_await self->look();
    while (pause && *pause == Time{0} && self->running_ < self->settings_.workers && !co_await stopped()) {
      const auto claimed = co_await self->claim_one(*group);
      if (!claimed) pause = std::unexpected(claimed.error());
      else if (!*claimed) break;
    }
    if (co_await stopped()) co_return;
    if (!pause) self->parts_.log.warning("jobs wait for the store", {{"error", pause.error()}});
    const bool full = self->running_ >= self->settings_.workers;
    co_await self->sleep(full || !pause || *pause == Time{0} ? self->settings_.first_pause : *pause);
  }
}

awaitable<Result<Jobs::Time>> Jobs::look() {
  struct Seen { store::JobCounts counts; std::optional<WallTime> next; };
  const WallTime now = parts_.clock->now();
  CO_TRY_ASSIGN(const auto seen, co_await parts_.store->read([now](store::Reader& reader) -> Result<Seen> {
    TRY_ASSIGN(const auto counts, reader.job_counts(now));
    TRY_ASSIGN(const auto next, reader.next_job());
    return Seen{counts, next};
  }));
  queued_ = seen.counts.queued;
  busy_ = seen.counts.running;
  dead_ = seen.counts.dead;
  const auto overdue = seen.counts.oldest_due ? now - *seen.counts.oldest_due : std::chrono::nanoseconds{0};
  oldest_due_ms_ = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(overdue).count());
  if (!seen.next) co_return settings_.look;
  if (*seen.next <= now) co_return Time{0};
  co_return std::min(std::chrono::ceil<milliseconds>(*seen.next - now), settings_.look);
}

awaitable<Result<bool>> Jobs::claim_one(aio::TaskGroup& group) {
  const WallTime now = parts_.clock->now();
  const WallTime before = now - settings_.keep;
  CO_TRY_ASSIGN(auto claimed, co_await parts_.store->write(
      [worker = worker_, now, before, lease = now + settings_.lease](store::Unit& unit) -> Result<std::optional<store::JobRow>> {
        TRY(unit.forget_jobs(before));
        return unit.claim_job(worker, now, lease);
      }));
  if (!claimed) co_return false;
  ++running_;
  group.spawn(attempt(shared_from_this(), *std::move(claimed)));
  co_return true;
}

awaitable<Result<>> Jobs::hold(JobId id) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (;;) {
    timer.expires_after(settings_.lease / 3);
    (void)co_await timer.async_wait(no_throw);
    if (co_await stopped()) co_return fail(Code::Cancelled, "The wait was cancelled.");
    auto renewed = co_await parts_.store->write(
        [id, worker = worker_, lease = parts_.clock->now() + settings_.lease](store::Unit& unit) {
          return unit.renew_job(id, worker, lease);
        });
    if (!renewed && renewed.error().code == Code::FailedPrecondition) co_return renewed;
    if (!renewed) parts_.log.warning("a lease was not renewed", {{"job", id}, {"error", renewed.error()}});
  }
}

// FailedPrecondition: the job is not ours any more, and what came of it is nobody's affair.
awaitable<Result<>> Jobs::work_on(const Kind& kind, store::JobRow row) {
  using namespace boost::asio::experimental::awaitable_operators;
  const JobId id = row.id;
  auto first = co_await (aio::with_deadline(kind.work(std::move(row)), kind.limit, "The job took too long.") || hold(id));
  if (first.index() == 1) co_return std::get<1>(std::move(first));
  auto done = std::get<0>(std::move(first));
  if (!done && done.error().code == Code::FailedPrecondition) done.error().code = Code::Unavailable;
  co_return done;
}

awaitable<void> Jobs::attempt(std::shared_ptr<Jobs> self, store::JobRow row) {
  static const Kind unknown{.work = [](store::JobRow) -> awaitable<Result<>> {
                              co_return fail(Code::Unsupported, "This server has no handler for such a job.");
                            },
                            .max_attempts = 1};
  const auto found = self->kinds_.find(row.kind);
  const Kind& kind = found == self->kinds_.end() ? unknown : found->second;
  const auto outcome = co_await self->work_on(kind, row);
  --self->running_;
  const bool lost = !outcome && outcome.error().code == Code::FailedPrecondition;
  if (!lost && !co_await stopped()) {
    self->conclude(row, kind, outcome);
    const auto stored = co_await self->parts_.store->write(
        [row, worker = self->worker_](store::Unit& unit) { return unit.end_attempt(row, worker); });
    if (!stored) self->parts_.log.warning("a job's end was not stored", {{"job", row.id}, {"error", stored.error()}});
  }
  self->wake();
}

void Jobs::conclude(store::JobRow& row, const Kind& kind, const Result<>& outcome) {
  const WallTime now = parts_.clock->now();
  if (outcome) {
    ++done_;
    row.state = JobState::Done;
    row.error.clear();
  } else {
    ++failed_;
    row.error = outcome.error().message;
    parts_.log.warning("job failed", {{"job", row.id}, {"kind", row.kind}, {"subject", row.subject},
                                      {"attempt", row.attempts}, {"error", outcome.error()}});
    row.state = row.attempts < kind.max_attempts ? JobState::Queued : JobState::Dead;
    row.run_at = now + pause_after(row.attempts);
    if (row.state == JobState::Dead) ++died_;
  }
  if (kind.every && row.state != JobState::Queued) {
    row.state = JobState::Queued;
    row.run_at = now + *kind.every;
    row.attempts = 0;
  }
  if (!store::is_active(row.state)) row.ended = now;
}

Jobs::Time Jobs::pause_after(std::uint32_t attempts) const {
  const std::uint32_t doublings = std::min(attempts == 0 ? 0 : attempts - 1, 30u);
  const Time full = std::min(settings_.longest_pause, settings_.first_pause * (std::int64_t{1} << doublings));
  const auto share = std::to_integer<std::int64_t>(crypto::random_array<1>()[0]);  // a half to a whole of it
  return full / 2 + full * share / 512;
}

Statistics Jobs::statistics() const {
  return {.done = done_, .failed = failed_, .died = died_, .queued = queued_, .running = busy_, .dead = dead_,
          .oldest_due_seconds = static_cast<double>(oldest_due_ms_) / 1e3};
}

}  // namespace berth::jobs
