#pragma once
// Private to store_sqlite: a backup through a connection that is open already.

#include "store_sqlite/sqlite.hpp"

namespace berth::store_sqlite {

Result<> backup(Connection& from, const std::filesystem::path& copy);

}  // namespace berth::store_sqlite
