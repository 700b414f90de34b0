#pragma once
// Private to store_sqlite: the database as files. Names of what stands beside it, its safe creation, and old backups.

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::store_sqlite {

[[nodiscard]] std::filesystem::path with_suffix(std::filesystem::path path,
                                                const char* suffix);  // "-wal", ".before-restore"
[[nodiscard]] bool is_there(const std::filesystem::path& path);

// Makes an empty file (0600) when there is none; refuses another owner's, a link and what is no file; narrows the mode.
// Damaged when only the write-ahead log is there: SQLite would throw it away.
Result<> prepare_database_file(const std::filesystem::path& path);

// "berth-20261121T093000.123456789Z-v1.db": names sort by time.
[[nodiscard]] std::string backup_name(WallTime now, std::int64_t version);
Result<> prune_backups(const std::filesystem::path& directory, std::size_t keep);

}  // namespace berth::store_sqlite
