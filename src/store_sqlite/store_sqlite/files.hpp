#pragma once
// Private to store_sqlite: the database as files. Names of what stands beside it, its safe creation, and old backups.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store_sqlite {

[[nodiscard]] std::filesystem::path with_suffix(std::filesystem::path path,
                                                const char* suffix);  // "-wal", ".before-restore"
[[nodiscard]] bool is_there(const std::filesystem::path& path);

// Makes an empty file (0600) when there is none; refuses another owner's, a link and what is no file; narrows the mode.
// Damaged when only the write-ahead log is there: SQLite would throw it away.
Result<> prepare_database_file(const std::filesystem::path& path);

// Whether the database and its write-ahead log still are the files that were opened. SQLite goes on with a file that somebody
// removed, and what it commits there is gone with the process: so it is asked after each commit, before anything is acknowledged.
class InPlace {
 public:
  explicit InPlace(std::filesystem::path path);  // of an open database
  Result<> check();                              // after a commit; the log that is there the first time is the one

 private:
  using Id = std::pair<std::uint64_t, std::uint64_t>;  // device, inode
  static std::optional<Id> id_of(const std::filesystem::path& path);
  std::filesystem::path path_;
  std::optional<Id> database_, log_;
};

// "berth-20261121T093000.123456789Z-v1.db": names sort by time.
[[nodiscard]] std::string backup_name(WallTime now, std::int64_t version);
Result<> prune_backups(const std::filesystem::path& directory, std::size_t keep);

}  // namespace berth::store_sqlite
