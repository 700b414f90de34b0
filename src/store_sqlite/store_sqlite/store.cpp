#include "store_sqlite/store.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/check.hpp"
#include "os/file.hpp"
#include "store_sqlite/backup.hpp"
#include "store_sqlite/files.hpp"

namespace berth::store_sqlite {
namespace {
namespace asio = boost::asio;

// Queues the job and resumes the awaiting coroutine on its own executor, whose io_context is kept running until then.
template <class Function>
asio::awaitable<Result<Value>> await_job(Queue<Job<Function>>* queue, Function function) {
  const auto initiate = [](auto handler, Queue<Job<Function>>* to, Function work) {
    auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    Job<Function> job{.function = std::move(work),
                      .done = [executor, handler = std::move(handler)](Result<Value> result) mutable {
                        asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
                          std::move(handler)(std::move(result));
                        });
                      }};
    switch (to->push(job)) {
      case Push::Done: return;
      case Push::Full: return job.done(fail(Code::ResourceExhausted, "The store has too much to do.", "Try again."));
      case Push::Closed: return job.done(fail(Code::Unavailable, "The store is closed."));
    }
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Value>)>(
      initiate, asio::use_awaitable, queue, std::move(function));
}

}  // namespace

Result<std::unique_ptr<store::Store>> open(Options options) {
  return SqliteStore::open(std::move(options), migrations());
}

SqliteStore::SqliteStore(const Options& options)
    : watch_{.clock = options.clock, .log = options.log, .slow = options.slow_query},
      writes_(options.queue),
      reads_(options.queue) {}

Result<std::unique_ptr<store::Store>> SqliteStore::open(Options options, std::span<const Migration> steps) {
  BERTH_CHECK(options.clock && options.readers > 0 && options.queue > 0 && options.group > 0);
  if (options.backups.empty()) options.backups = options.path.parent_path() / "backups";
  TRY(prepare_database_file(options.path));
  auto self = std::make_unique<SqliteStore>(options);
  TRY_ASSIGN(auto writer,
             Connection::open(options.path, Connection::Mode::ReadWrite, options.busy_timeout, &self->watch_));
  TRY(check_version(writer, steps));
  TRY(writer.execute("PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=16777216"));
  TRY(migrate(writer, steps, [&](std::int64_t version) -> Result<> {
    TRY(os::make_private_directory(options.backups));
    const auto copy = options.backups / backup_name(options.clock->now(), version);
    TRY(backup(writer, copy));
    options.log.info("database backed up before its migration", {{"version", version}, {"backup", copy}});
    return prune_backups(options.backups, options.keep_backups);
  }));
  std::vector<Connection> readers;
  for (std::uint32_t i = 0; i < options.readers; ++i) {
    TRY_ASSIGN(auto reader,
               Connection::open(options.path, Connection::Mode::QueryOnly, options.busy_timeout, &self->watch_));
    readers.push_back(std::move(reader));
  }
  self->writer_.emplace(std::move(writer), InPlace(options.path), self->writes_, options.group, *options.clock, self->counters_, self->listener_);
  for (Connection& reader : readers) self->readers_.emplace_back(std::move(reader), self->reads_, self->counters_);
  return self;
}

SqliteStore::~SqliteStore() { close(); }

void SqliteStore::close() {
  writes_.close();
  reads_.close();
  const std::lock_guard lock(closing_);
  if (writer_) writer_->join();
  for (ReaderThread& reader : readers_) reader.join();
  readers_.clear();
  writer_.reset();  // last: the last connection brings the write-ahead log into the file
}

store::Statistics SqliteStore::statistics() const {
  return {.commits = counters_.commits,
          .units = counters_.units,
          .units_failed = counters_.units_failed,
          .reads = counters_.reads,
          .slow = watch_.slow_statements,
          .largest_group = counters_.largest_group,
          .commit_ns = counters_.commit_ns,
          .queue_depth = writes_.size() + reads_.size(),
          .readers_busy = counters_.readers_busy};
}

asio::awaitable<Result<Value>> SqliteStore::run_write(Work work) { return await_job(&writes_, std::move(work)); }
asio::awaitable<Result<Value>> SqliteStore::run_read(Read work) { return await_job(&reads_, std::move(work)); }

}  // namespace berth::store_sqlite
