#include "store_sqlite/files.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "os/file.hpp"
#include "os/host.hpp"

namespace berth::store_sqlite {
namespace fs = std::filesystem;

fs::path with_suffix(fs::path path, const char* suffix) { return path += suffix; }

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

Result<> prepare_database_file(const fs::path& path) {
  if (!is_there(path)) {
    if (is_there(with_suffix(path, "-wal")))
      return fail(Code::Damaged, "The database is gone, but its write-ahead log is there.", "Restore a backup.");
    TRY(os::create_new(path, 0600));
    return os::sync_directory(path.parent_path().empty() ? "." : path.parent_path());
  }
  TRY_ASSIGN(const auto state, os::stat_no_follow(path));
  if (!S_ISREG(state.st_mode)) return fail(Code::PermissionDenied, "The database is not a regular file.");
  if (state.st_uid != os::effective_user())
    return fail(Code::PermissionDenied, "The database belongs to another user.",
                "Run as its owner, or use another BERTH_HOME.");
  if ((state.st_mode & 07777) != 0600) TRY(os::set_mode(path, 0600));
  return {};
}

std::optional<InPlace::Id> InPlace::id_of(const fs::path& path) {
  const auto state = os::stat_no_follow(path);
  return state ? std::optional<Id>({state->st_dev, state->st_ino}) : std::nullopt;
}

InPlace::InPlace(fs::path path) : path_(std::move(path)), database_(id_of(path_)) {}

Result<> InPlace::check() {
  const auto log = id_of(with_suffix(path_, "-wal"));
  if (!log_) log_ = log;
  if (database_ && log && id_of(path_) == database_ && log == log_) return {};
  return pass({.code = Code::Damaged,
               .message = "The database was removed or replaced while it was in use.",
               .hint = "Nothing is saved any more: stop the server, bring the file back or restore a backup, and start it again.",
               .operation = "look where the database is",
               .subject = path_.string()});
}

std::string backup_name(WallTime now, std::int64_t version) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("berth-{:%Y%m%dT%H%M%S}.{:09}Z-v{}.db",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())), (now - seconds).count(),
                     version);
}

Result<> prune_backups(const fs::path& directory, std::size_t keep) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (std::string name = entry.path().filename().string(); name.starts_with("berth-") && name.ends_with(".db"))
      names.push_back(std::move(name));
  if (error) return fail_errno(error.value(), "list backups", directory.string());
  std::ranges::sort(names, std::greater());
  for (std::size_t i = keep; i < names.size(); ++i) TRY(os::remove_file(directory / names[i]));
  return {};
}

}  // namespace berth::store_sqlite
