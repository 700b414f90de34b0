#include "store_sqlite/workers.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "store_sqlite/unit.hpp"

namespace berth::store_sqlite {
namespace {

constexpr Query begin_write{"begin", "BEGIN IMMEDIATE"};
constexpr Query begin_read{"begin_read", "BEGIN"};
constexpr Query commit_all{"commit", "COMMIT"};
constexpr Query roll_back{"rollback", "ROLLBACK"};
constexpr Query savepoint{"savepoint", "SAVEPOINT unit"};
constexpr Query release{"release", "RELEASE unit"};
constexpr Query roll_back_unit{"rollback_unit", "ROLLBACK TO unit"};

// A function of the caller's must not end the store's thread.
template <class Function, class Argument>
Result<Value> guarded(const Function& function, Argument& argument) {
  try {
    return function(argument);
  } catch (const std::exception& e) {
    return pass({.code = Code::Internal,
                 .message = "A unit of work failed.",
                 .operation = "unit of work",
                 .subject = e.what()});
  }
}

}  // namespace

Writer::Writer(Connection connection, InPlace in_place, Queue<WriteJob>& queue, std::size_t group, const Clock& clock, Counters& counters,
               Listener& listener)
    : connection_(std::move(connection)),
      in_place_(std::move(in_place)),
      queue_(queue),
      group_(group),
      clock_(clock),
      counters_(counters),
      listener_(listener),
      thread_([this] { run(); }) {}

void Writer::run() {
  for (;;) {
    auto jobs = queue_.pop(group_);
    if (jobs.empty()) return;
    for (std::size_t next = 0; next < jobs.size();) next = transaction(jobs, next);
  }
}

// Gives the index of the first job that it did not settle.
std::size_t Writer::transaction(std::vector<WriteJob>& jobs, std::size_t first) {
  std::vector<Result<Value>> results;
  events_.clear();
  Result<> committed = connection_.run(begin_write);
  if (!committed) {
    results.assign(jobs.size() - first, Result<Value>());
  } else {
    do {
      while (first + results.size() < jobs.size() && connection_.in_transaction())
        results.push_back(unit(jobs[first + results.size()]));
    } while (connection_.in_transaction() && queue_.take_more(jobs, group_));
    if (connection_.in_transaction())
      committed = commit();
    else
      committed = pass(results.back() ? Error{.code = Code::Internal, .message = "The transaction ended early."}
                                      : results.back().error());
  }
  if (committed) listener_.tell(std::exchange(events_, {}));
  deliver(jobs, first, results, committed);
  return first + results.size();
}

Result<Value> Writer::unit(const WriteJob& job) {
  TRY(connection_.run(savepoint));
  SqlUnit rows(connection_);
  Result<Value> result = guarded(job.function, rows);
  if (!connection_.in_transaction()) return result;
  if (result) {
    if (auto released = connection_.run(release); !released) result = pass(std::move(released).error());
  }
  if (!result && connection_.in_transaction()) {
    Result<> undone = connection_.run(roll_back_unit);
    if (undone) undone = connection_.run(release);
    if (!undone) (void)connection_.run(roll_back);
  }
  if (result) std::ranges::move(rows.take_events(), std::back_inserter(events_));
  return result;
}

Result<> Writer::commit() {
  const SteadyTime began = clock_.steady();
  Result<> committed = connection_.run(commit_all);
  if (committed) {
    ++counters_.commits;
    committed = in_place_.check();
    counters_.commit_ns += static_cast<std::uint64_t>(std::chrono::nanoseconds(clock_.steady() - began).count());
  } else if (connection_.in_transaction()) {
    (void)connection_.run(roll_back);
  }
  return committed;
}

void Writer::deliver(std::vector<WriteJob>& jobs, std::size_t first, std::vector<Result<Value>>& results,
                     const Result<>& committed) {
  if (committed) counters_.largest_group = std::max<std::uint64_t>(counters_.largest_group, results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    Result<Value> result = std::move(results[i]);
    if (result && !committed) result = pass(committed.error());
    ++(result ? counters_.units : counters_.units_failed);
    jobs[first + i].done(std::move(result));
  }
}

ReaderThread::ReaderThread(Connection connection, Queue<ReadJob>& queue, Counters& counters)
    : connection_(std::move(connection)), queue_(queue), counters_(counters), thread_([this] { run(); }) {}

void ReaderThread::run() {
  for (;;) {
    auto jobs = queue_.pop(1);
    if (jobs.empty()) return;
    ++counters_.readers_busy;
    Result<Value> result = read(jobs.front());
    --counters_.readers_busy;
    ++counters_.reads;
    jobs.front().done(std::move(result));
  }
}

Result<Value> ReaderThread::read(const ReadJob& job) {  // one snapshot for all statements of one function
  TRY(connection_.run(begin_read));
  SqlUnit rows(connection_);
  Result<Value> result = guarded(job.function, static_cast<store::Reader&>(rows));
  if (connection_.in_transaction())
    if (auto ended = connection_.run(roll_back); !ended && result) return pass(std::move(ended).error());
  return result;
}

}  // namespace berth::store_sqlite
