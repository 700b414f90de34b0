#pragma once
// Private to store_sqlite: single values from and to a column. What no row can hold is Damaged.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/units.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

inline std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

inline std::int64_t nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

inline std::optional<std::int64_t> nanoseconds(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return nanoseconds(*time);
}

inline WallTime time_at(std::int64_t ns) { return WallTime(std::chrono::nanoseconds(ns)); }

inline std::optional<WallTime> time_at(const std::optional<std::int64_t>& ns) {
  if (!ns) return std::nullopt;
  return time_at(*ns);
}

template <class IdType>
Result<IdType> read_id(const Statement& statement, int column) {
  auto id = IdType::parse(statement.text(column));
  if (!id) return fail(Code::Damaged, "A stored id is damaged.");
  return id;
}

template <class Enum>
Result<Enum> read_enum(const Statement& statement, int column, Enum last) {
  const std::int64_t value = statement.integer(column);
  if (value < 0 || value > static_cast<std::int64_t>(last)) return fail(Code::Damaged, "A stored state is unknown.");
  return static_cast<Enum>(value);
}

}  // namespace berth::store_sqlite
