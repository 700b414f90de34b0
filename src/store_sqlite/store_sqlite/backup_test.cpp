#include "store_sqlite/backup.hpp"

#include <fstream>

#include "store_sqlite/files.hpp"
#include "store_sqlite/harness.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;

class Restore : public StoreFiles {
 protected:
  [[nodiscard]] fs::path copy() const { return directory_.path() / "copy.db"; }
  [[nodiscard]] std::size_t rows_now() const {
    auto store = open();
    EXPECT_TRUE(store) << store.error().describe();
    return store ? rows(**store) : 0;
  }
  static void copy_raw(const fs::path& from, const fs::path& to) {
    for (const char* suffix : {"", "-wal"})
      fs::copy_file(with_suffix(from, suffix), with_suffix(to, suffix), fs::copy_options::overwrite_existing);
  }
};

TEST_F(Restore, ABackupIsWholeWhileTheStoreIsUsed) {
  auto store = open();
  ASSERT_TRUE(store);
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(insert(**store, i));
  const auto done = backup(path(), copy());
  ASSERT_TRUE(done) << done.error().describe();
  ASSERT_TRUE(insert(**store, 5));
  EXPECT_FALSE(fs::exists(with_suffix(copy(), "-wal")));
  const auto busy = restore(path(), copy());
  ASSERT_FALSE(busy) << "somebody has it open";
  EXPECT_EQ(busy.error().code, Code::FailedPrecondition) << busy.error().describe();
  EXPECT_EQ(rows(**store), 6u);
  store->reset();
  const auto restored = restore(path(), copy());
  ASSERT_TRUE(restored) << restored.error().describe();
  EXPECT_EQ(rows_now(), 5u);
  EXPECT_TRUE(fs::exists(path().string() + ".before-restore"));
}

// The state after a kill: rows that are only in the write-ahead log. Put beside another file, that log would be
// applied.
TEST_F(Restore, AStaleLogIsNotApplied) {
  const fs::path other = directory_.path() / "killed.db";
  {
    auto store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(insert(**store, 0));
    ASSERT_TRUE(backup(path(), copy()));
    for (std::uint64_t i = 1; i < 9; ++i) ASSERT_TRUE(insert(**store, i));
    copy_raw(path(), other);
  }
  copy_raw(other, path());
  EXPECT_GT(fs::file_size(with_suffix(path(), "-wal")), 0u);
  const auto restored = restore(path(), copy());
  ASSERT_TRUE(restored) << restored.error().describe();
  EXPECT_FALSE(fs::exists(with_suffix(path(), "-wal")));
  EXPECT_EQ(rows_now(), 1u);

  Options kept = options();  // and the old rows are not lost
  kept.path = path().string() + ".before-restore";
  auto store = store_sqlite::open(kept);
  ASSERT_TRUE(store) << store.error().describe();
  EXPECT_EQ(rows(**store), 9u);
}

TEST_F(Restore, ADamagedDatabaseIsReplacedWithItsLog) {
  fill(4);
  ASSERT_TRUE(backup(path(), copy()));
  std::ofstream(path(), std::ios::trunc) << std::string(8192, 'x');
  std::ofstream(with_suffix(path(), "-wal")) << std::string(8192, 'y');
  const auto damaged = open();
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Code::Damaged) << damaged.error().describe();
  EXPECT_FALSE(damaged.error().hint.empty());
  const auto restored = restore(path(), copy());
  ASSERT_TRUE(restored) << restored.error().describe();
  EXPECT_EQ(rows_now(), 4u);
  EXPECT_EQ(fs::file_size(path().string() + ".before-restore"), 8192u);
}

TEST_F(Restore, WhatIsNoGoodBackupChangesNothing) {
  fill(2);
  ASSERT_TRUE(backup(path(), copy()));
  std::fstream(copy(), std::ios::in | std::ios::out).seekp(static_cast<std::streamoff>(fs::file_size(copy()) / 2))
      << std::string(4096, '\xff');
  const auto torn = restore(path(), copy());
  ASSERT_FALSE(torn);
  EXPECT_EQ(torn.error().code, Code::Damaged) << torn.error().describe();
  EXPECT_FALSE(restore(path(), directory_.path() / "absent.db"));
  EXPECT_EQ(rows_now(), 2u);
  for (const auto& entry : fs::directory_iterator(directory_.path()))
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(Restore, ALogWithoutItsDatabaseIsNotThrownAway) {
  std::ofstream(with_suffix(path(), "-wal")) << "rows";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Damaged);
  EXPECT_TRUE(fs::exists(with_suffix(path(), "-wal")));
}

}  // namespace
}  // namespace berth::store_sqlite
