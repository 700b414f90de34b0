#include <fmt/format.h>

#include <random>

#include "os/file.hpp"
#include "store_sqlite/backup.hpp"
#include "store_sqlite/files.hpp"
#include "store_sqlite/migrations.hpp"
#include "store_sqlite/open.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;

constexpr std::chrono::milliseconds patience{5'000};

fs::path parent_of(const fs::path& path) { return path.parent_path().empty() ? fs::path(".") : path.parent_path(); }

// Removes a half-made copy, with what SQLite put beside it.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  ~Temporary() {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) (void)os::remove_file(with_suffix(path_, suffix));
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<> copy_pages(Connection& from, Connection& to) {
  sqlite3_backup* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (!copy) return pass(error_of(to.handle(), sqlite3_errcode(to.handle()), "backup"));
  const int stepped = sqlite3_backup_step(copy, -1);
  const int finished = sqlite3_backup_finish(copy);
  if (stepped != SQLITE_DONE) return pass(error_of(to.handle(), stepped, "backup"));
  if (finished != SQLITE_OK) return pass(error_of(to.handle(), finished, "backup"));
  return to.execute("PRAGMA journal_mode=DELETE");  // one file, complete in itself
}

// A synced copy under a temporary name beside `target`, checked when `check` says so.
enum class Check { No, Integrity };
Result<> copy_to(Connection& from, const fs::path& target, Check check) {
  const Temporary temporary(with_suffix(target, fmt::format(".{:08x}.tmp", std::random_device{}()).c_str()));
  TRY(os::remove_file(temporary.path()));
  TRY(os::create_new(temporary.path(), 0600));
  {
    TRY_ASSIGN(auto to, Connection::open(temporary.path(), Connection::Mode::ReadWrite, patience, nullptr));
    TRY(copy_pages(from, to));
    if (check == Check::Integrity) {
      TRY(check_version(to, migrations()));
      TRY_ASSIGN(const std::string verdict, to.word("PRAGMA integrity_check(1)"));
      if (verdict != "ok")
        return pass({.code = Code::Damaged,
                     .message = "The backup is damaged.",
                     .operation = "integrity_check",
                     .subject = verdict});
    }
  }
  TRY_ASSIGN(const auto fd, os::open_read_write(temporary.path()));
  TRY(os::sync(fd.get()));
  TRY(os::rename_path(temporary.path(), target));
  return os::sync_directory(parent_of(target));
}

// Brings the write-ahead log into the old database and removes it. FailedPrecondition when somebody has it open; a
// database that is too damaged for that is left as it is.
Result<> settle_old(const fs::path& database) {
  auto old = Connection::open(database, Connection::Mode::ReadWrite, std::chrono::milliseconds(0), nullptr);
  if (!old) return {};
  const auto mode = old->word("PRAGMA journal_mode=DELETE");
  const bool held = mode ? *mode != "delete" : mode.error().code == Code::Unavailable;
  if (held)
    return fail(Code::FailedPrecondition, "The database is in use.", "Stop the server first: berth server stop.");
  return {};
}

}  // namespace

Result<> backup(Connection& from, const fs::path& copy) { return copy_to(from, copy, Check::No); }

Result<> backup(const fs::path& database, const fs::path& copy) {
  TRY_ASSIGN(auto from, Connection::open(database, Connection::Mode::QueryOnly, patience, nullptr));
  return backup(from, copy);
}

Result<> restore(const fs::path& database, const fs::path& from) {
  TRY_ASSIGN(auto source, Connection::open(from, Connection::Mode::QueryOnly, patience, nullptr));
  const Temporary checked(with_suffix(database, ".restored"));
  TRY(copy_to(source, checked.path(), Check::Integrity));
  if (is_there(database)) {
    TRY(settle_old(database));
    const fs::path aside = with_suffix(database, ".before-restore");
    TRY(os::remove_file(aside));
    TRY(os::remove_file(with_suffix(aside, "-wal")));
    std::error_code error;
    fs::create_hard_link(database, aside, error);
    if (error) return fail_errno(error.value(), "link", aside.string());
    if (is_there(with_suffix(database, "-wal")))
      TRY(os::rename_path(with_suffix(database, "-wal"), with_suffix(aside, "-wal")));
  }
  TRY(os::remove_file(with_suffix(database, "-wal")));
  TRY(os::remove_file(with_suffix(database, "-shm")));
  TRY(os::sync_directory(parent_of(database)));  // the old log is gone for good before the new file has the name
  TRY(os::rename_path(checked.path(), database));
  return os::sync_directory(parent_of(database));
}

}  // namespace berth::store_sqlite
