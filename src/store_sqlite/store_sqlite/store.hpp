#pragma once
// Private to store_sqlite: the Store itself; open.hpp is the door. Tests give it migrations of their own.

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "store/store.hpp"
#include "store_sqlite/migrations.hpp"
#include "store_sqlite/open.hpp"
#include "store_sqlite/workers.hpp"

namespace berth::store_sqlite {

class SqliteStore final : public store::Store {
 public:
  static Result<std::unique_ptr<store::Store>> open(Options options, std::span<const Migration> steps);
  explicit SqliteStore(const Options& options);
  ~SqliteStore() override;

  [[nodiscard]] store::Statistics statistics() const override;
  void close() override;
  void on_events(store::EventsCommitted listener) override { listener_.replace(std::move(listener)); }

 protected:
  boost::asio::awaitable<Result<Value>> run_write(Work work) override;
  boost::asio::awaitable<Result<Value>> run_read(Read work) override;

 private:
  Watch watch_;
  Counters counters_;
  Queue<WriteJob> writes_;
  Queue<ReadJob> reads_;
  Listener listener_;
  std::mutex closing_;
  std::optional<Writer> writer_;
  std::deque<ReaderThread> readers_;  // threads point at their elements: a deque moves none
};

}  // namespace berth::store_sqlite
