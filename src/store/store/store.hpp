#pragma once
// Where rows live. One unit of work commits together or not at all; a second store (PostgreSQL) can implement the same
// interface and pass the same contract suite (store/contract.hpp).
//
// Threads: both calls may be made from any io_context; the coroutine resumes on the executor that it was awaited on.
// The unit's function runs on the store's own threads: it must not wait for anything and must not touch state of a strand;
// capture values. Writes are grouped: several units share one commit, each in a savepoint of its own, so that one which
// fails takes nothing with it. A write that returned success is durable.
//
// Errors: NotFound, AlreadyExists (a unique name or key), FailedPrecondition (compare-and-set lost), NoSpace (disk full;
// nothing stored earlier is damaged, later writes work when space is back), ResourceExhausted (queue full), Unavailable
// (closed), Damaged.
//
// Example (store::Store& store, store::SandboxRow row):
//   CO_TRY(co_await store.write([row](store::Unit& unit) { return unit.insert_sandbox(row); }));
//   CO_TRY_ASSIGN(const auto found, co_await store.read([id = row.id](store::Reader& reader) { return reader.sandbox(id); }));

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "store/audit.hpp"
#include "store/events.hpp"
#include "store/jobs.hpp"
#include "store/page.hpp"
#include "store/people.hpp"
#include "store/rows.hpp"
#include "store/session.hpp"
#include "store/snapshots.hpp"

namespace berth::store {

struct SandboxFilter { std::string owner; std::optional<SandboxState> state; };
struct CommandFilter {                                                // newest first
  std::string owner;
  std::optional<SandboxId> sandbox;
  std::optional<TerminalId> terminal;
  bool failed = false;                                                // it ended, and not with 0
  bool running = false;
  std::optional<bool> full_screen{}, trusted{};
  std::optional<std::int64_t> slower_than_ns{};                       // it ended, and took at least so long
  std::optional<std::string> cwd{};                                   // this directory, or below it
  std::optional<std::string> text{};                                  // its text has this in it
  [[nodiscard]] bool by_what_they_are() const {
    return failed || running || full_screen || trusted || slower_than_ns || cwd || text;
  }
};

// What is read and what is written, by noun. A new noun brings its rows and its two interfaces in a header of its own
// (store/<noun>.hpp); Reader and Unit are the sums.

class SandboxReader {
 public:
  virtual Result<SandboxRow> sandbox(const SandboxId& id) = 0;
  virtual Result<SandboxRow> sandbox_named(const std::string& owner, const std::string& name) = 0;
  virtual Result<Page<SandboxRow>> sandboxes(const SandboxFilter&, const PageRequest&) = 0;  // newest first
  virtual Result<std::vector<SandboxRow>> live_sandboxes() = 0;       // provisioning, running, paused: for recovery

 protected:
  ~SandboxReader() = default;
};

class SandboxWriter {
 public:
  virtual Result<> insert_sandbox(const SandboxRow&) = 0;             // AlreadyExists when (owner, name) is taken
  virtual Result<> update_sandbox(const SandboxRow&, SandboxState expected) = 0;  // FailedPrecondition otherwise
  virtual Result<> remove_sandbox(const SandboxId&) = 0;              // terminals and commands stay as history

 protected:
  ~SandboxWriter() = default;
};

class TerminalReader {
 public:
  virtual Result<TerminalRow> terminal(const TerminalId& id) = 0;
  virtual Result<std::vector<TerminalRow>> terminals(const SandboxId& sandbox) = 0;          // oldest first
  virtual Result<TerminalRow> terminal_named(const SandboxId& sandbox, const std::string& name) = 0;
  // A page looks at a bounded number of rows: with a filter by what commands are it may be short, or empty, with a next.
  virtual Result<Page<CommandRow>> commands(const CommandFilter&, const PageRequest&) = 0;
  virtual Result<CommandRow> command(const TerminalId&, std::uint64_t number) = 0;
  virtual Result<CommandRow> command_at(const TerminalId&, ByteOffset) = 0;  // the last whose output begins there or before
  virtual Result<std::vector<CommandRow>> open_commands(const TerminalId&) = 0;
  virtual Result<std::optional<bool>> command_done(const TerminalId&, std::uint64_t number) = 0;  // absent: no such row
  // Terminals that ended before then, the longest first.
  virtual Result<std::vector<TerminalId>> terminals_ended(WallTime before, std::uint32_t limit) = 0;

 protected:
  ~TerminalReader() = default;
};

class TerminalWriter {
 public:
  virtual Result<> insert_terminal(const TerminalRow&) = 0;
  virtual Result<> update_terminal(const TerminalRow&) = 0;           // everything but its name
  virtual Result<> rename_terminal(const TerminalId&, const std::string& name) = 0;  // AlreadyExists in its sandbox
  virtual Result<> put_command(const CommandRow&) = 0;                // insert or replace by (terminal, number)
  virtual Result<> forget_terminal(const TerminalId&) = 0;            // its row and its commands; no error when it is gone

 protected:
  ~TerminalWriter() = default;
};

class Reader : public SandboxReader,
               public TerminalReader,
               public PeopleReader,
               public JobReader,
               public EventReader,
               public AuditReader,
               public SessionReader,
               public SnapshotReader {
 public:
  virtual ~Reader() = default;
  virtual Result<std::optional<std::string>> setting(const std::string& name) = 0;
  virtual Result<> check() = 0;  // reads everything: Damaged says what does not hold
};

// Reads see the unit's own writes.
class Unit : public Reader,
             public SandboxWriter,
             public TerminalWriter,
             public PeopleWriter,
             public JobWriter,
             public EventWriter,
             public AuditWriter,
             public SessionWriter,
             public SnapshotWriter {
 public:
  virtual Result<> put_setting(const std::string& name, const std::string& value) = 0;
};

// Pool and query figures (E13); slow queries are named in the log.
struct Statistics {
  std::uint64_t commits = 0;
  std::uint64_t units = 0;          // committed
  std::uint64_t units_failed = 0;
  std::uint64_t reads = 0;
  std::uint64_t slow = 0;
  std::uint64_t largest_group = 0;
  std::uint64_t commit_ns = 0;      // total
  std::uint64_t queue_depth = 0;
  std::uint64_t readers_busy = 0;
};

class Store {
 public:
  using Value = std::shared_ptr<void>;  // the work's result, erased; std::any inside std::expected does not compile
  using Work = std::function<Result<Value>(Unit&)>;
  using Read = std::function<Result<Value>(Reader&)>;

  virtual ~Store() = default;
  [[nodiscard]] virtual Statistics statistics() const = 0;
  virtual void close() = 0;  // finishes what is queued, then refuses
  // One listener; called from then on, and not any more when the call that replaces it (by nothing, too) has returned.
  virtual void on_events(EventsCommitted listener) = 0;

  // co_await store.write([row](Unit& unit) -> Result<> { … });
  template <class F>
  auto write(F work) -> boost::asio::awaitable<std::invoke_result_t<F, Unit&>>;
  template <class F>
  auto read(F work) -> boost::asio::awaitable<std::invoke_result_t<F, Reader&>>;

 protected:
  virtual boost::asio::awaitable<Result<Value>> run_write(Work work) = 0;
  virtual boost::asio::awaitable<Result<Value>> run_read(Read work) = 0;
};

namespace detail {
template <class R, class F, class Arg>
Result<Store::Value> erase(F& work, Arg& arg) {
  R result = work(arg);
  if (!result) return std::unexpected(std::move(result).error());
  if constexpr (std::is_void_v<typename R::value_type>) return Store::Value{};
  else return Store::Value{std::make_shared<typename R::value_type>(*std::move(result))};
}
template <class R>
R restore(Result<Store::Value> result) {
  if (!result) return std::unexpected(std::move(result).error());
  if constexpr (std::is_void_v<typename R::value_type>) return {};
  else return std::move(*static_cast<typename R::value_type*>(result->get()));
}
}  // namespace detail

template <class F>
auto Store::write(F work) -> boost::asio::awaitable<std::invoke_result_t<F, Unit&>> {
  using R = std::invoke_result_t<F, Unit&>;
  Work erased = [work = std::move(work)](Unit& unit) mutable { return detail::erase<R>(work, unit); };
  auto result = co_await run_write(std::move(erased));
  co_return detail::restore<R>(std::move(result));
}

template <class F>
auto Store::read(F work) -> boost::asio::awaitable<std::invoke_result_t<F, Reader&>> {
  using R = std::invoke_result_t<F, Reader&>;
  Read erased = [work = std::move(work)](Reader& reader) mutable { return detail::erase<R>(work, reader); };
  auto result = co_await run_read(std::move(erased));
  co_return detail::restore<R>(std::move(result));
}

}  // namespace berth::store
