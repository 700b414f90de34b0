#include "store_sqlite/migrations.hpp"

#include <sys/stat.h>

#include <fstream>
#include <vector>

#include "store_sqlite/files.hpp"
#include "store_sqlite/harness.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;

const int newest = migrations().back().version;

std::vector<Migration> with_another(const char* name, const char* sql) {
  std::vector<Migration> steps(migrations().begin(), migrations().end());
  steps.push_back({newest + 1, name, sql});
  return steps;
}
const auto good = with_another("a label", "ALTER TABLE sandboxes ADD COLUMN label TEXT NOT NULL DEFAULT 'none'");
const auto broken = with_another("half", "CREATE TABLE half (a INTEGER); INSERT INTO nowhere VALUES (1)");

class Migrations : public StoreFiles {
 protected:
  [[nodiscard]] std::vector<fs::path> backups() const {
    std::vector<fs::path> out;
    if (!fs::exists(directory_.path() / "backups")) return out;
    for (const auto& entry : fs::directory_iterator(directory_.path() / "backups")) out.push_back(entry.path());
    return out;
  }
  [[nodiscard]] Result<std::int64_t> number(const fs::path& database, const std::string& sql) const {
    TRY_ASSIGN(auto connection,
               Connection::open(database, Connection::Mode::QueryOnly, std::chrono::milliseconds(100), nullptr));
    return connection.number(sql);
  }
};

TEST_F(Migrations, ABackupIsTakenBeforeTheFirstStepOnData) {
  fill(3);
  EXPECT_TRUE(backups().empty()) << "an empty database needs none";
  {
    auto store = SqliteStore::open(options(), good);
    ASSERT_TRUE(store) << store.error().describe();
    EXPECT_EQ(rows(**store), 3u);
  }
  EXPECT_EQ(number(path(), "SELECT count(*) FROM sandboxes WHERE label = 'none'"), 3);
  EXPECT_EQ(number(path(), "PRAGMA user_version"), newest + 1);
  ASSERT_EQ(backups().size(), 1u);
  struct stat state{};
  ASSERT_EQ(stat(backups().front().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 07777, 0600u);
  EXPECT_EQ(number(backups().front(), "PRAGMA user_version"), newest);
  EXPECT_EQ(number(backups().front(), "SELECT count(*) FROM sandboxes"), 3);
  ASSERT_TRUE(SqliteStore::open(options(), good));
  EXPECT_EQ(backups().size(), 1u) << "nothing to migrate, nothing to back up";
}

TEST_F(Migrations, AStepThatFailsLeavesTheDatabaseAsItWas) {
  fill(2);
  const auto refused = SqliteStore::open(options(), broken);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().describe().find("migration " + std::to_string(newest + 1) + " (half)"), std::string::npos) << refused.error().describe();
  EXPECT_EQ(number(path(), "PRAGMA user_version"), newest);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
  auto store = open();
  ASSERT_TRUE(store) << store.error().describe();
  EXPECT_EQ(rows(**store), 2u);
}

TEST_F(Migrations, ANewerDatabaseIsRefusedAndLeftAlone) {
  ASSERT_TRUE(SqliteStore::open(options(), good));
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_FALSE(refused.error().hint.empty());
  EXPECT_EQ(number(path(), "PRAGMA user_version"), newest + 1);
}

TEST_F(Migrations, AnotherProgramsDatabaseIsRefused) {
  ASSERT_TRUE(prepare_database_file(path()));
  {
    auto other = Connection::open(path(), Connection::Mode::ReadWrite, std::chrono::milliseconds(100), nullptr);
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->execute("CREATE TABLE songs (title TEXT)"));
  }
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(Migrations, TheNewestBackupsStay) {
  const fs::path directory = directory_.path() / "backups";
  fs::create_directory(directory);
  FakeClock clock;
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) {
    names.push_back(backup_name(clock.now(), 1 + i % 2));
    std::ofstream(directory / names.back()) << i;
    clock.advance(std::chrono::hours(5));
  }
  std::ofstream(directory / "notes.txt") << "mine";
  ASSERT_TRUE(prune_backups(directory, 2));
  EXPECT_EQ(backups().size(), 3u);
  EXPECT_TRUE(fs::exists(directory / names[4]) && fs::exists(directory / names[5]) &&
              fs::exists(directory / "notes.txt"));
}

}  // namespace
}  // namespace berth::store_sqlite
