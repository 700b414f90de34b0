#include <fmt/format.h>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define COLUMNS                                                                                                       \
  "id, kind, subject, owner, input, priority, state, run_at, attempts, worker, lease, error, created, ended"

namespace berth::store_sqlite {
namespace {

using store::JobState;

constexpr std::uint32_t most_jobs = 100;
constexpr int job_columns = 14;
constexpr const char* no_job = "There is no such job.";
constexpr const char* not_yours = "The job is not this worker's any more.";
constexpr const char* active_twice = "Such a job is queued or running already.";

constexpr Query job_by_id{"job_by_id", "SELECT " COLUMNS " FROM jobs WHERE id = ?1"};
constexpr Query job_page{"job_page", "SELECT " COLUMNS
                                     ", seq FROM jobs WHERE seq < ?1 AND (?2 = '' OR kind = ?2) "
                                     "AND (?3 IS NULL OR state = ?3) ORDER BY seq DESC LIMIT ?4"};
constexpr Query job_numbers{"job_numbers",
                            "SELECT (SELECT count(*) FROM jobs WHERE state = 0), (SELECT count(*) FROM jobs WHERE state = 1), "
                            "(SELECT count(*) FROM jobs WHERE state = 3), "
                            "(SELECT min(run_at) FROM jobs WHERE state = 0 AND run_at <= ?1)"};
constexpr Query job_next{"job_next",
                         "SELECT min(at) FROM (SELECT min(run_at) AS at FROM jobs WHERE state = 0 "
                         "UNION ALL SELECT min(lease) FROM jobs WHERE state = 1)"};
constexpr Query job_insert{"job_insert", "INSERT INTO jobs (" COLUMNS
                                         ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"};
constexpr Query job_expired{"job_expired", "SELECT seq FROM jobs WHERE state = 1 AND lease <= ?1 ORDER BY lease LIMIT 1"};
constexpr Query job_due{"job_due", "SELECT seq FROM jobs WHERE state = 0 AND run_at <= ?1 ORDER BY priority DESC, run_at LIMIT 1"};
constexpr Query job_claim{"job_claim",
                          "UPDATE jobs SET state = 1, worker = ?2, lease = ?3, attempts = attempts + 1 WHERE seq = ?1 "
                          "RETURNING " COLUMNS};
constexpr Query job_renew{"job_renew", "UPDATE jobs SET lease = ?3 WHERE id = ?1 AND worker = ?2 AND state = 1"};
constexpr Query job_end{"job_end",
                        "UPDATE jobs SET state = ?3, run_at = ?4, attempts = ?5, error = ?6, ended = ?7, worker = '', "
                        "lease = NULL WHERE id = ?1 AND worker = ?2 AND state = 1"};
constexpr Query job_cancel{"job_cancel",
                           "UPDATE jobs SET state = 4, worker = '', lease = NULL, ended = ?2 WHERE id = ?1 AND state < 2"};
constexpr Query job_retry{"job_retry",
                          "UPDATE jobs SET state = 0, run_at = ?2, attempts = 0, ended = NULL WHERE id = ?1 AND state > 2"};
constexpr Query jobs_forget{"jobs_forget",
                            "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE state IN (2, 4) AND ended < ?1 "
                            "AND state > 1 LIMIT 1000)"};

Result<store::JobRow> read_job(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<JobId>(s, 0));
  TRY_ASSIGN(const auto state, read_enum(s, 6, JobState::Cancelled));
  return store::JobRow{.id = std::move(id),
                       .kind = s.text(1),
                       .subject = s.text(2),
                       .owner = s.text(3),
                       .input = s.text(4),
                       .priority = static_cast<std::int32_t>(s.integer(5)),
                       .state = state,
                       .run_at = time_at(s.integer(7)),
                       .attempts = static_cast<std::uint32_t>(s.integer(8)),
                       .worker = s.text(9),
                       .lease = time_at(s.optional_integer(10)),
                       .error = s.text(11),
                       .created = time_at(s.integer(12)),
                       .ended = time_at(s.optional_integer(13))};
}

}  // namespace

Result<store::JobRow> SqlUnit::job(const JobId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_by_id));
  return read_one(statement.bind(id.str()), read_job, no_job);
}

Result<store::Page<store::JobRow>> SqlUnit::jobs(const store::JobFilter& filter, const store::PageRequest& request) {
  TRY(check_limit(request.limit, most_jobs));
  TRY_ASSIGN(const std::int64_t before, decode_cursor(List::Jobs, request.after));
  std::optional<std::int64_t> state;
  if (filter.state) state = static_cast<std::int64_t>(*filter.state);
  TRY_ASSIGN(auto statement, connection_.prepare(job_page));
  statement.bind(before, filter.kind, state, std::int64_t{request.limit} + 1);
  return read_page(statement, read_job, List::Jobs, job_columns, request.limit);
}

Result<store::JobCounts> SqlUnit::job_counts(WallTime now) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_numbers));
  TRY(statement.bind(nanoseconds(now)).step());
  return store::JobCounts{.queued = static_cast<std::uint64_t>(statement.integer(0)),
                          .running = static_cast<std::uint64_t>(statement.integer(1)),
                          .dead = static_cast<std::uint64_t>(statement.integer(2)),
                          .oldest_due = time_at(statement.optional_integer(3))};
}

Result<std::optional<WallTime>> SqlUnit::next_job() {
  TRY_ASSIGN(auto statement, connection_.prepare(job_next));
  TRY(statement.step());
  return time_at(statement.optional_integer(0));
}

Result<> SqlUnit::insert_job(const store::JobRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_insert));
  statement.bind(row.id.str(), row.kind, row.subject, row.owner, row.input, std::int64_t{row.priority},
                 static_cast<std::int64_t>(row.state), nanoseconds(row.run_at), std::int64_t{row.attempts}, row.worker,
                 nanoseconds(row.lease), row.error, nanoseconds(row.created), nanoseconds(row.ended));
  return taken(statement.run(), active_twice);
}

Result<std::optional<store::JobRow>> SqlUnit::claim_job(const std::string& worker, WallTime now, WallTime lease) {
  for (const Query* query : {&job_expired, &job_due}) {
    TRY_ASSIGN(auto due, connection_.prepare(*query));
    TRY_ASSIGN(const bool found, due.bind(nanoseconds(now)).step());
    if (!found) continue;
    TRY_ASSIGN(auto claim, connection_.prepare(job_claim));
    claim.bind(due.integer(0), worker, nanoseconds(lease));
    TRY_ASSIGN(auto row, read_one(claim, read_job, no_job));
    TRY(claim.run());
    return row;
  }
  return std::nullopt;
}

Result<> SqlUnit::renew_job(const JobId& id, const std::string& worker, WallTime lease) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_renew));
  TRY(statement.bind(id.str(), worker, nanoseconds(lease)).run());
  if (connection_.changes() == 1) return {};
  return fail(Code::FailedPrecondition, not_yours);
}

Result<> SqlUnit::end_attempt(const store::JobRow& row, const std::string& worker) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_end));
  statement.bind(row.id.str(), worker, static_cast<std::int64_t>(row.state), nanoseconds(row.run_at),
                 std::int64_t{row.attempts}, row.error, nanoseconds(row.ended));
  TRY(statement.run());
  if (connection_.changes() == 1) return {};
  return fail(Code::FailedPrecondition, not_yours);
}

Result<> SqlUnit::cancel_job(const JobId& id, WallTime now) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_cancel));
  TRY(statement.bind(id.str(), nanoseconds(now)).run());
  if (connection_.changes() == 1) return {};
  TRY(job(id));
  return fail(Code::FailedPrecondition, "The job has ended already.");
}

Result<> SqlUnit::retry_job(const JobId& id, WallTime now) {
  TRY_ASSIGN(auto statement, connection_.prepare(job_retry));
  TRY(taken(statement.bind(id.str(), nanoseconds(now)).run(), active_twice));
  if (connection_.changes() == 1) return {};
  TRY(job(id));
  return fail(Code::FailedPrecondition, "Only a job that failed for good or was cancelled is tried again.");
}

Result<std::uint64_t> SqlUnit::forget_jobs(WallTime before) {
  TRY_ASSIGN(auto statement, connection_.prepare(jobs_forget));
  TRY(statement.bind(nanoseconds(before)).run());
  return static_cast<std::uint64_t>(connection_.changes());
}

}  // namespace berth::store_sqlite
