#pragma once
// Durable background work, as rows: what is to be done, when, how often it was tried, and who does it now.
//
// A job is added in the unit of work of the change that needs it. At most one job of the same kind and subject is queued
// or running. A worker claims a job for a lease and renews it while it works; a job whose lease has run out is claimed
// again, so that work survives the death of a worker. Handlers are therefore idempotent.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "store/page.hpp"

namespace berth::store {

enum class JobState { Queued, Running, Done, Dead, Cancelled };
[[nodiscard]] constexpr bool is_active(JobState state) { return state <= JobState::Running; }

struct JobRow {
  JobId id;
  std::string kind;               // which handler: "history.prune"
  std::string subject;            // what it works on; "" for the whole server
  std::string owner;              // whose; "" is the server's own
  std::string input;              // the handler's affair
  std::int32_t priority = 0;      // higher first
  JobState state = JobState::Queued;
  WallTime run_at{};              // not before
  std::uint32_t attempts = 0;     // begun so far
  std::string worker;             // while Running
  std::optional<WallTime> lease;  // while Running: until then
  std::string error;              // of the last attempt that failed; a sentence
  WallTime created{};
  std::optional<WallTime> ended;  // Done, Dead, Cancelled
};

struct JobFilter { std::string kind; std::optional<JobState> state; };  // "" is every kind

struct JobCounts {
  std::uint64_t queued = 0, running = 0, dead = 0;
  std::optional<WallTime> oldest_due;  // run_at of the job that should have begun first
};

class JobReader {
 public:
  virtual Result<JobRow> job(const JobId& id) = 0;
  virtual Result<Page<JobRow>> jobs(const JobFilter&, const PageRequest&) = 0;  // newest first
  virtual Result<JobCounts> job_counts(WallTime now) = 0;
  // When there is something to claim next: of queued jobs the time to run, of running ones the end of the lease.
  virtual Result<std::optional<WallTime>> next_job() = 0;

 protected:
  ~JobReader() = default;
};

class JobWriter {
 public:
  virtual Result<> insert_job(const JobRow&) = 0;  // AlreadyExists while one of its kind and subject is active
  // The due job of the highest priority, the longest due first, now Running for `worker`, one attempt more; empty when
  // none is due.
  virtual Result<std::optional<JobRow>> claim_job(const std::string& worker, WallTime now, WallTime lease) = 0;
  // FailedPrecondition when the job is not Running for `worker` any more, as in end_attempt.
  virtual Result<> renew_job(const JobId&, const std::string& worker, WallTime lease) = 0;
  // What the attempt came to: state, run_at, attempts, error and ended of `row` are stored, the lease is given up.
  virtual Result<> end_attempt(const JobRow& row, const std::string& worker) = 0;
  // Queued or Running to Cancelled; a worker notices at its next renewal. FailedPrecondition when it has ended.
  virtual Result<> cancel_job(const JobId&, WallTime now) = 0;
  // Dead or Cancelled to Queued with no attempts. FailedPrecondition otherwise; AlreadyExists when another one is active.
  virtual Result<> retry_job(const JobId&, WallTime now) = 0;
  // Forgets jobs that were Done or Cancelled before then; at most 1,000 at a time. Returns how many.
  virtual Result<std::uint64_t> forget_jobs(WallTime before) = 0;

 protected:
  ~JobWriter() = default;
};

}  // namespace berth::store
