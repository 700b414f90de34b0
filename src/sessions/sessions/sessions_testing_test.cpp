#include "sessions/sessions_testing.hpp"

#include "store_sqlite/open.hpp"
#include "store_sqlite/sqlite.hpp"

namespace berth::sessions::testing {

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& home, const Clock& clock) {
  return store_sqlite::open({.path = home / "berth.db", .clock = &clock, .readers = 2});
}

void tamper(const std::filesystem::path& home, const std::string& sql) {
  using store_sqlite::Connection;
  auto connection = Connection::open(home / "berth.db", Connection::Mode::ReadWrite, std::chrono::milliseconds{5000}, nullptr);
  ASSERT_TRUE(connection) << connection.error().describe();
  const auto done = connection->execute(sql);
  EXPECT_TRUE(done) << done.error().describe();
}

}  // namespace berth::sessions::testing
