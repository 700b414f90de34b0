#include "store_sqlite/sqlite.hpp"

#include <utility>

namespace berth::store_sqlite {
namespace {

struct Meaning {
  Code code;
  const char* message;
  const char* hint;
};

Meaning meaning_of(int code, int sys_errno) {
  constexpr Meaning full{Code::NoSpace, "The disk is full.", "Free some space; nothing that was stored is lost."};
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return {Code::AlreadyExists, "It exists already.", ""};
    default: break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL: return full;
    case SQLITE_IOERR:
      if (sys_errno == ENOSPC || sys_errno == EDQUOT) return full;
      return {Code::Internal, "The database could not be read or written.", "See the log; check the disk."};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::Damaged, "The database is damaged.", "Restore a backup of the home's backups directory."};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Code::Unavailable, "Another process holds the database.", "Try again."};
    case SQLITE_TOOBIG: return {Code::TooLarge, "A value is too large for the database.", ""};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Code::PermissionDenied, "The database cannot be written.", "Check who owns it and how it is mounted."};
    case SQLITE_CANTOPEN: return {Code::Unavailable, "The database cannot be opened.", "Check its directory."};
    case SQLITE_NOMEM: return {Code::ResourceExhausted, "Memory ran out.", ""};
    default: return {Code::Internal, "The database refused a statement.", "See the log."};
  }
}

}  // namespace

Error error_of(sqlite3* db, int code, std::string operation) {
  const int sys_errno = db ? sqlite3_system_errno(db) : 0;
  const Meaning meaning = meaning_of(code, sys_errno);
  const bool from_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  return {.code = meaning.code,
          .message = meaning.message,
          .hint = meaning.hint,
          .operation = std::move(operation),
          .subject = std::string(sqlite3_errstr(code)) + ": " + (db ? sqlite3_errmsg(db) : ""),
          .sys_errno = from_system ? sys_errno : 0};
}

void Watch::finished(const char* name, SteadyTime began) {
  const auto took = clock->steady() - began;
  if (took < slow) return;
  ++slow_statements;
  log.warning("slow statement", {{"statement", name}, {"took_ms", took}});
}

Statement::Statement(sqlite3* db, sqlite3_stmt* statement, const char* name, Watch* watch)
    : db_(db), statement_(statement), name_(name), watch_(watch) {}

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      name_(other.name_),
      watch_(other.watch_),
      began_(other.began_),
      bind_error_(other.bind_error_) {}

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  if (watch_ && began_ != SteadyTime{}) watch_->finished(name_, began_);
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) return pass(error_of(db_, bind_error_, name_));
  if (watch_ && began_ == SteadyTime{}) began_ = watch_->clock->steady();
  switch (const int code = sqlite3_step(statement_)) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return pass(error_of(db_, code, name_));
  }
}

Result<> Statement::run() {
  for (;;) {
    TRY_ASSIGN(const bool row, step());
    if (!row) return {};
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return size == 0 ? std::string() : std::string(bytes, size);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

void Statement::bind_at(int index, std::string_view value) {  // a null pointer would bind NULL
  note(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                           SQLITE_UTF8));
}

void Statement::bind_at(int index, Blob value) {
  note(sqlite3_bind_blob64(statement_, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(),
                           SQLITE_STATIC));
}

void Statement::bind_at(int index, const std::optional<std::int64_t>& value) {
  note(value ? sqlite3_bind_int64(statement_, index, *value) : sqlite3_bind_null(statement_, index));
}

Result<Connection> Connection::open(const std::filesystem::path& path, Mode mode,
                                    std::chrono::milliseconds busy_timeout, Watch* watch) {
  Connection connection;
  connection.watch_ = watch;
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, nullptr);
  connection.db_.reset(db);
  if (code != SQLITE_OK) return pass(error_of(db, code, "open database"));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, static_cast<int>(busy_timeout.count()));
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // secure_delete: Debian's SQLite writes zeros over all that is removed. FAST does so where a page is written anyway: the pages of
  // a document that is forgotten, which is sealed, cost as much as saving one otherwise.
  constexpr const char* setup =
      "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; "
      "PRAGMA secure_delete=FAST";
  if (auto done = connection.execute(setup);
      !done) {  // reads the header for the first time: what it cannot mean is damage
    const bool senseless = done.error().code == Code::Internal && done.error().sys_errno == 0;
    return pass(senseless ? error_of(db, SQLITE_CORRUPT, done.error().subject) : done.error());
  }
  if (mode == Mode::QueryOnly) TRY(connection.execute("PRAGMA query_only=ON"));
  return connection;
}

Result<Connection::Prepared> Connection::compile(const char* name, const char* sql, unsigned flags) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql, -1, flags, &statement, nullptr);
  if (code != SQLITE_OK) return pass(error_of(db_.get(), code, name));
  return Prepared(statement);
}

Result<Statement> Connection::prepare(const Query& query) {
  auto& kept = prepared_[&query];
  if (!kept) { TRY_ASSIGN(kept, compile(query.name, query.sql, SQLITE_PREPARE_PERSISTENT)); }
  return Statement(db_.get(), kept.get(), query.name, watch_);
}

Result<> Connection::run(const Query& query) {
  TRY_ASSIGN(auto statement, prepare(query));
  return statement.run();
}

Result<> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return pass(error_of(db_.get(), code, sql.substr(0, 40)));
  return {};
}

Result<std::int64_t> Connection::number(const std::string& sql) {
  TRY_ASSIGN(const auto prepared, compile(sql.c_str(), sql.c_str(), 0));
  Statement statement(db_.get(), prepared.get(), sql.c_str(), nullptr);
  TRY_ASSIGN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<std::string> Connection::word(const std::string& sql) {
  TRY_ASSIGN(const auto prepared, compile(sql.c_str(), sql.c_str(), 0));
  Statement statement(db_.get(), prepared.get(), sql.c_str(), nullptr);
  TRY_ASSIGN(const bool row, statement.step());
  return row ? statement.text(0) : std::string();
}

}  // namespace berth::store_sqlite
