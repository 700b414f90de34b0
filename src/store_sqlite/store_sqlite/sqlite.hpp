#pragma once
// Private to store_sqlite: the part of SQLite's C interface that we use, with owners, Results and a watch on slow
// statements. The only headers of the project that know sqlite3.h are this one and backup.cpp's own.
//
// One thread at a time for each Connection (opened without SQLite's own mutexes). A Statement is one use of a prepared
// statement that the connection keeps: finish it before the same query is used again.
//
// Example (store_sqlite::Connection& connection, const store_sqlite::Query& query):
//   TRY(connection.execute("PRAGMA user_version=1"));
//   TRY_ASSIGN(store_sqlite::Statement statement, connection.prepare(query));
//   TRY_ASSIGN(const bool row, statement.step());
//   (void)row;

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "log/log.hpp"

namespace berth::store_sqlite {

// A statement with the name that the log calls it. Static: its address is the key of the cache.
struct Query {
  const char* name;
  const char* sql;
};

// Shared by all connections of a store.
struct Watch {
  const Clock* clock;
  log::Logger log;
  std::chrono::nanoseconds slow;
  std::atomic<std::uint64_t> slow_statements{0};

  void finished(const char* name, SteadyTime began);
};

struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* statement, const char* name, Watch* watch);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Values for ?1, ?2, … in order. Text and Blob must live until the statement ends.
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }
  void bind_at(int index, std::string_view value);
  void bind_at(int index, Blob value);
  void bind_at(int index, std::int64_t value) { note(sqlite3_bind_int64(statement_, index, value)); }
  void bind_at(int index, const std::optional<std::int64_t>& value);
  Result<bool> step();  // true: there is a row
  Result<> run();       // to the end

  [[nodiscard]] std::string text(int column) const;  // also of a blob
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;

 private:
  void note(int code) {
    if (bind_error_ == SQLITE_OK) bind_error_ = code;
  }

  sqlite3* db_;
  sqlite3_stmt* statement_;
  const char* name_;
  Watch* watch_;
  SteadyTime began_{};
  int bind_error_ = SQLITE_OK;
};

class Connection {
 public:
  enum class Mode { ReadWrite, QueryOnly };
  static Result<Connection> open(const std::filesystem::path& path, Mode mode, std::chrono::milliseconds busy_timeout,
                                 Watch* watch);

  Result<Statement> prepare(const Query& query);
  Result<> run(const Query& query);                     // prepared, no values, no rows
  Result<> execute(const std::string& sql);             // any number of statements, not kept
  Result<std::int64_t> number(const std::string& sql);  // first column of the first row
  Result<std::string> word(const std::string& sql);
  [[nodiscard]] int changes() const { return sqlite3_changes(db_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;
  Result<Prepared> compile(const char* name, const char* sql, unsigned flags);

  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<const Query*, Prepared> prepared_;
  Watch* watch_ = nullptr;
};

// What a failed call means to the store's callers. SQLite's own words go to `subject`, which only the log shows.
[[nodiscard]] Error error_of(sqlite3* db, int code, std::string operation);

}  // namespace berth::store_sqlite
