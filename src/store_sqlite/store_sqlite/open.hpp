#pragma once
// The store on SQLite (3.40): one file, WAL, synchronous=FULL.
//
// Threads of its own: one that writes (units wait in a bounded queue and share commits) and `readers` that read, each
// with a connection of its own. The awaiting coroutine's executor gets the result posted, also when the store closes:
// nobody waits for ever. close() or the destructor must come before the io_contexts that wait on it end.
//
// Files: the database and its -wal and -shm are 0600 from creation; one of another owner, or a link, is refused. Before
// a migration an online backup goes to `backups`; the newest `keep_backups` stay. A database of a newer Berth is
// refused.
//
// Example (const std::filesystem::path& home, const Clock& clock, log::Logger log):
//   TRY_ASSIGN(auto store, store_sqlite::open({.path = home / "berth.db", .clock = &clock, .log = log}));
//   store->close();

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace berth::store_sqlite {

struct Options {
  std::filesystem::path path;
  std::filesystem::path backups;  // directory, made when needed; empty: "backups" beside the database
  const Clock* clock = nullptr;   // outlives the store
  log::Logger log;
  std::uint32_t readers = 4;
  std::uint32_t queue = 10'000;  // units and reads that wait, each; one more is ResourceExhausted
  std::uint32_t group = 256;     // most units in one commit
  std::chrono::milliseconds slow_query{100};
  std::chrono::milliseconds busy_timeout{5'000};
  std::uint32_t keep_backups = 5;
};

// PermissionDenied: another owner. FailedPrecondition: newer than this Berth. Damaged: not a database, or torn.
[[nodiscard]] Result<std::unique_ptr<store::Store>> open(Options options);

// Online copy of the database, whoever uses it at the moment; complete and synced, or absent. 0600.
[[nodiscard]] Result<> backup(const std::filesystem::path& database, const std::filesystem::path& copy);

// Puts a checked copy of `from` in the database's place. What was there is kept beside it as <name>.before-restore, and
// its write-ahead log cannot be applied to the new file. FailedPrecondition while somebody has the database open.
[[nodiscard]] Result<> restore(const std::filesystem::path& database, const std::filesystem::path& from);

}  // namespace berth::store_sqlite
