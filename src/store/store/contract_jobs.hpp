#pragma once
// What every store must do with jobs. Included by an implementation's contract test beside contract.hpp.

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

class JobContract : public StoreContract {
 protected:
  static JobRow job_row(std::uint64_t number, std::int32_t priority = 0, std::int64_t run_at = 0) {
    return {.id = id<JobId>(number),
            .kind = "kind",
            .subject = "subject-" + std::to_string(number),
            .owner = "ada",
            .input = std::string("a\0b", 3),
            .priority = priority,
            .run_at = at(run_at),
            .created = at(5)};
  }
  Result<> add(const JobRow& row) {
    return write([row](Unit& unit) { return unit.insert_job(row); });
  }
  std::optional<JobRow> claim(const std::string& worker, std::int64_t now, std::int64_t lease) {
    auto claimed = write([=](Unit& unit) { return unit.claim_job(worker, at(now), at(lease)); });
    if (!claimed) ADD_FAILURE() << claimed.error().describe();
    return claimed ? *claimed : std::nullopt;
  }
  Result<JobRow> row(std::uint64_t number) {
    return read([number](Reader& reader) { return reader.job(id<JobId>(number)); });
  }
  Result<> end(JobRow row, const std::string& worker, JobState state) {
    row.state = state;
    row.ended = at(99);
    return write([=](Unit& unit) { return unit.end_attempt(row, worker); });
  }
};

TEST_P(JobContract, ComesBackAsItWas) {
  EXPECT_DONE(add(job_row(1, -3, 17)));
  reopen();
  const auto back = row(1);
  ASSERT_TRUE(back) << back.error().describe();
  const JobRow expected = job_row(1, -3, 17);
  EXPECT_EQ(std::tie(back->id, back->kind, back->subject, back->owner, back->input, back->priority, back->run_at,
                     back->attempts, back->worker, back->lease, back->error, back->created, back->ended),
            std::tie(expected.id, expected.kind, expected.subject, expected.owner, expected.input, expected.priority,
                     expected.run_at, expected.attempts, expected.worker, expected.lease, expected.error,
                     expected.created, expected.ended));
  EXPECT_EQ(back->state, JobState::Queued);
  EXPECT_CODE(Code::NotFound, row(2));
}

TEST_P(JobContract, OneOfAKindAndSubjectIsActive) {
  EXPECT_DONE(add(job_row(1)));
  JobRow second = job_row(2);
  second.subject = job_row(1).subject;
  EXPECT_CODE(Code::AlreadyExists, add(second));
  EXPECT_DONE(end(*claim("w", 1, 100), "w", JobState::Done));
  EXPECT_DONE(add(second));
}

TEST_P(JobContract, TheHighestPriorityFirstThenTheLongestDue) {
  EXPECT_DONE(add(job_row(1, 0, 10)));
  EXPECT_DONE(add(job_row(2, 0, 5)));
  EXPECT_DONE(add(job_row(3, 7, 20)));
  EXPECT_DONE(add(job_row(4, 9, 1000)));
  EXPECT_FALSE(claim("w", 4, 100));
  EXPECT_EQ(*read([](Reader& r) { return r.next_job(); }), at(5));
  EXPECT_EQ(claim("w", 50, 100)->id, id<JobId>(3));
  EXPECT_EQ(claim("w", 50, 100)->id, id<JobId>(2));
  EXPECT_EQ(claim("w", 50, 100)->id, id<JobId>(1));
  EXPECT_FALSE(claim("w", 50, 100));
  EXPECT_EQ(*read([](Reader& r) { return r.next_job(); }), at(100));  // the end of a lease
  const auto counts = read([](Reader& r) { return r.job_counts(at(2000)); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->queued, 1u);
  EXPECT_EQ(counts->running, 3u);
  EXPECT_EQ(counts->oldest_due, at(1000));
}

TEST_P(JobContract, ALeaseThatRanOutIsAnothersNow) {
  EXPECT_DONE(add(job_row(1)));
  const auto first = claim("one", 1, 10);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->attempts, 1u);
  EXPECT_FALSE(claim("two", 9, 20));
  EXPECT_DONE(write([](Unit& u) { return u.renew_job(id<JobId>(1), "one", at(15)); }));
  EXPECT_FALSE(claim("two", 12, 20));
  const auto second = claim("two", 15, 30);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->attempts, 2u);
  EXPECT_EQ(second->worker, "two");
  EXPECT_CODE(Code::FailedPrecondition, write([](Unit& u) { return u.renew_job(id<JobId>(1), "one", at(40)); }));
  EXPECT_CODE(Code::FailedPrecondition, end(*first, "one", JobState::Done));
  EXPECT_DONE(end(*second, "two", JobState::Done));
  EXPECT_EQ(row(1)->state, JobState::Done);
}

TEST_P(JobContract, CancelAndRetry) {
  EXPECT_DONE(add(job_row(1)));
  const auto claimed = claim("w", 1, 10);
  EXPECT_DONE(write([](Unit& u) { return u.cancel_job(id<JobId>(1), at(2)); }));
  EXPECT_CODE(Code::FailedPrecondition, end(*claimed, "w", JobState::Done));
  EXPECT_CODE(Code::FailedPrecondition, write([](Unit& u) { return u.cancel_job(id<JobId>(1), at(3)); }));
  EXPECT_DONE(write([](Unit& u) { return u.retry_job(id<JobId>(1), at(4)); }));
  EXPECT_EQ(row(1)->attempts, 0u);
  EXPECT_CODE(Code::FailedPrecondition, write([](Unit& u) { return u.retry_job(id<JobId>(1), at(5)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.cancel_job(id<JobId>(9), at(3)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.retry_job(id<JobId>(9), at(3)); }));
  EXPECT_DONE(end(*claim("w", 6, 10), "w", JobState::Dead));
  JobRow other = job_row(2);
  other.subject = job_row(1).subject;
  EXPECT_DONE(add(other));
  EXPECT_CODE(Code::AlreadyExists, write([](Unit& u) { return u.retry_job(id<JobId>(1), at(7)); }));
}

TEST_P(JobContract, ForgetsWhatIsOverAndKeepsTheDead) {
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_DONE(add(job_row(i)));
  for (const JobState state : {JobState::Done, JobState::Dead, JobState::Cancelled})
    EXPECT_DONE(end(*claim("w", 1, 10), "w", state));
  EXPECT_EQ(*write([](Unit& u) { return u.forget_jobs(at(99)); }), 0u);
  EXPECT_EQ(*write([](Unit& u) { return u.forget_jobs(at(100)); }), 2u);
  const auto page = read([](Reader& r) { return r.jobs({}, {}); });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows.front().state, JobState::Dead);
}

TEST_P(JobContract, TerminalsThatEndedAreForgottenWithTheirCommands) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    TerminalRow terminal = terminal_row(i, 1);
    terminal.running = i == 3;
    terminal.ended = at(static_cast<std::int64_t>(i) * 10);
    EXPECT_DONE(write([=](Unit& u) { return u.insert_terminal(terminal); }));
    EXPECT_DONE(write([=](Unit& u) { return u.put_command(command_row(1, i)); }));
  }
  const auto ended = [&](std::int64_t before, std::uint32_t limit = 10) {
    return read([=](Reader& r) { return r.terminals_ended(at(before), limit); });
  };
  EXPECT_EQ(ended(10)->size(), 0u);
  EXPECT_EQ(ended(11)->front(), id<TerminalId>(1));
  EXPECT_EQ(ended(1000)->size(), 2u) << "one still runs";
  EXPECT_EQ(ended(1000, 1)->size(), 1u);
  for (int again = 0; again < 2; ++again) EXPECT_DONE(write([](Unit& u) { return u.forget_terminal(id<TerminalId>(1)); }));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.terminal(id<TerminalId>(1)); }));
  EXPECT_EQ(numbers({.owner = "ada", .sandbox = {}, .terminal = id<TerminalId>(1)})->size(), 0u);
  EXPECT_EQ(numbers({.owner = "ada", .sandbox = {}, .terminal = id<TerminalId>(2)})->size(), 1u);
  EXPECT_DONE(read([](Reader& r) { return r.check(); }));
}

TEST_P(JobContract, ListsByKindAndState) {
  for (std::uint64_t i = 1; i <= 5; ++i) {
    JobRow job = job_row(i);
    if (i % 2 == 0) job.kind = "other";
    EXPECT_DONE(add(job));
  }
  const auto count = [&](const JobFilter& filter) {
    std::size_t rows = 0;
    PageRequest request{.after = "", .limit = 2};
    do {
      const auto page = read([=](Reader& r) { return r.jobs(filter, request); });
      if (!page) return std::size_t{1000};
      rows += page->rows.size();
      request.after = page->next;
    } while (!request.after.empty());
    return rows;
  };
  EXPECT_EQ(count({}), 5u);
  EXPECT_EQ(count({.kind = "other", .state = {}}), 2u);
  EXPECT_EQ(count({.kind = "", .state = JobState::Running}), 0u);
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.jobs({}, {.after = "x", .limit = 2}); }));
}

}  // namespace berth::store::contract
