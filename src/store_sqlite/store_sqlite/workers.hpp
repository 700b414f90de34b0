#pragma once
// Private to store_sqlite: the threads that run units and reads. Each job's `done` is called exactly once, on a thread
// of the store, with what the function returned or why it did not take effect.
//
// The writer takes what waits, up to a group, into one transaction: a savepoint for each unit, one commit for all. What comes
// while the units are done joins them: units that were asked for together would else wait for two syncs, or three. A
// unit that fails is rolled back alone. When SQLite ends the whole transaction (full disk, I/O error) or the commit
// fails, every unit of it fails with that cause, and the rest of the group gets a transaction of its own. After a commit the
// listener is told of its events, then the units' callers.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/store.hpp"
#include "store_sqlite/files.hpp"
#include "store_sqlite/queue.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

using Value = store::Store::Value;
using Done = std::move_only_function<void(Result<Value>)>;

template <class Function>
struct Job {
  Function function;
  Done done;
};
using WriteJob = Job<store::Store::Work>;
using ReadJob = Job<store::Store::Read>;

struct Counters {
  std::atomic<std::uint64_t> commits{0}, units{0}, units_failed{0}, reads{0}, largest_group{0}, commit_ns{0},
      readers_busy{0};
};

// Who is told of the events that committed. Replacing the listener waits until a call of it is over.
class Listener {
 public:
  void replace(store::EventsCommitted listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }
  void tell(std::vector<std::shared_ptr<const store::EventRow>> events) {
    const std::lock_guard lock(mutex_);
    if (listener_ && !events.empty()) listener_(std::move(events));
  }

 private:
  std::mutex mutex_;
  store::EventsCommitted listener_;
};

class Writer {
 public:
  Writer(Connection connection, InPlace in_place, Queue<WriteJob>& queue, std::size_t group, const Clock& clock, Counters& counters,
         Listener& listener);
  void join() {
    if (thread_.joinable()) thread_.join();
  }  // after the queue was closed

 private:
  void run();
  std::size_t transaction(std::vector<WriteJob>& jobs, std::size_t first);
  Result<Value> unit(const WriteJob& job);
  Result<> commit();
  void deliver(std::vector<WriteJob>& jobs, std::size_t first, std::vector<Result<Value>>& results,
               const Result<>& committed);

  Connection connection_;
  InPlace in_place_;
  Queue<WriteJob>& queue_;
  const std::size_t group_;
  const Clock& clock_;
  Counters& counters_;
  Listener& listener_;
  std::vector<std::shared_ptr<const store::EventRow>> events_;  // of this transaction
  std::thread thread_;
};

class ReaderThread {
 public:
  ReaderThread(Connection connection, Queue<ReadJob>& queue, Counters& counters);
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run();
  Result<Value> read(const ReadJob& job);

  Connection connection_;
  Queue<ReadJob>& queue_;
  Counters& counters_;
  std::thread thread_;
};

}  // namespace berth::store_sqlite
