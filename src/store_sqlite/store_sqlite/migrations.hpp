#pragma once
// Private to store_sqlite: the schema as a list of steps that only grows. The file's user_version is the number of the
// last step that it has; its application_id says that it is ours. A step commits whole, with its number, or not at all.

#include <cstdint>
#include <functional>
#include <span>

#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

struct Migration {
  int version;  // 1, 2, …
  const char* name;
  const char* sql;
};

inline constexpr std::int64_t application_id = 0x42727468;  // "Brth"

[[nodiscard]] std::span<const Migration> migrations();

// `before_change` runs once, before the first step on a database that holds something.
Result<> migrate(Connection& connection, std::span<const Migration> steps,
                 const std::function<Result<>(std::int64_t version)>& before_change);

// FailedPrecondition when it is another program's, or of a newer Berth. Gives its version.
Result<std::int64_t> check_version(Connection& connection, std::span<const Migration> steps);

}  // namespace berth::store_sqlite
