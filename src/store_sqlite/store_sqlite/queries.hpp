#pragma once
// Private to store_sqlite: from a prepared statement to a row, to all rows, to a page.

#include <fmt/format.h>

#include <string>
#include <type_traits>
#include <vector>

#include "store/store.hpp"
#include "store_sqlite/cursor.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

template <class Read>
auto read_all(Statement& statement, Read read)
    -> Result<std::vector<typename std::invoke_result_t<Read, Statement&>::value_type>> {
  std::vector<typename std::invoke_result_t<Read, Statement&>::value_type> rows;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) return rows;
    TRY_ASSIGN(auto row, read(statement));
    rows.push_back(std::move(row));
  }
}

template <class Read>
auto read_one(Statement& statement, Read read, const char* absent) -> std::invoke_result_t<Read, Statement&> {
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) return fail(Code::NotFound, absent);
  return read(statement);
}

// The statement asked for one row more than the page holds: it tells whether there is a next page.
template <class Read>
auto read_page(Statement& statement, Read read, List list, int key_column, std::uint32_t limit)
    -> Result<store::Page<typename std::invoke_result_t<Read, Statement&>::value_type>> {
  store::Page<typename std::invoke_result_t<Read, Statement&>::value_type> page;
  std::int64_t last = 0;
  for (;;) {
    TRY_ASSIGN(const bool more, statement.step());
    if (!more) return page;
    if (page.rows.size() == limit) {
      page.next = encode_cursor(list, last);
      return page;
    }
    last = statement.integer(key_column);
    TRY_ASSIGN(auto row, read(statement));
    page.rows.push_back(std::move(row));
  }
}

inline Result<> check_limit(std::uint32_t limit, std::uint32_t most) {
  if (limit >= 1 && limit <= most) return {};
  return fail(Code::InvalidArgument, fmt::format("A page holds 1 to {} rows, not {}.", most, limit));
}

// A unique name or key that is taken, in words that say which.
inline Result<> taken(Result<> result, std::string message) {
  if (result || result.error().code != Code::AlreadyExists) return result;
  Error error = std::move(result).error();
  error.message = std::move(message);
  return pass(std::move(error));
}

}  // namespace berth::store_sqlite
