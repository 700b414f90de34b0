#include <fstream>

#include "os/process.hpp"
#include "store_sqlite/harness.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;

class FullDisk : public StoreFiles {
 protected:
  void SetUp() override {
    disk_ = directory_.path() / "disk";
    fs::create_directory(disk_);
    const auto mounted = os::run({"mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "berth-test", disk_.string()});
    if (!mounted || mounted->exit != Exit(Exited{0})) GTEST_SKIP() << "a small file system cannot be mounted here";
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) EXPECT_TRUE(os::run({"umount", disk_.string()}));
  }
  [[nodiscard]] Options on_disk() const {
    Options with = options();
    with.path = disk_ / "berth.db";
    return with;
  }
  fs::path disk_;
  bool mounted_ = false;
};

TEST_F(FullDisk, SaysSoDamagesNothingAndGoesOnWhenThereIsSpace) {
  std::ofstream(disk_ / "ballast") << std::string(1 << 20, 'b');
  auto store = store_sqlite::open(on_disk());
  ASSERT_TRUE(store) << store.error().describe();
  std::uint64_t acknowledged = 0;
  for (Result<> result; acknowledged < 1000; ++acknowledged) {
    result = insert(**store, acknowledged, std::string(30'000, 'r'));
    if (result) continue;
    EXPECT_EQ(result.error().code, Code::NoSpace) << result.error().describe();
    break;
  }
  ASSERT_GT(acknowledged, 5u);
  ASSERT_LT(acknowledged, 1000u);
  EXPECT_EQ(rows(**store), acknowledged);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_FALSE(insert(**store, 2000 + i, std::string(200'000, 'r')));
  fs::remove(disk_ / "ballast");
  const auto again = insert(**store, 5000, std::string(30'000, 'r'));
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(rows(**store), acknowledged + 1);
  store->reset();
  store = store_sqlite::open(on_disk());
  ASSERT_TRUE(store) << store.error().describe();
  EXPECT_EQ(rows(**store), acknowledged + 1);
  for (std::uint64_t i = 0; i < acknowledged; ++i) EXPECT_TRUE(has(**store, i)) << i;
  EXPECT_FALSE(has(**store, 2000));
}

// One unit that does not fit ends the transaction that it shares: whoever was told "written" is there, nobody else.
TEST_F(FullDisk, UnitsThatShareACommitAreEachAnsweredTruly) {
  auto store = store_sqlite::open(on_disk());
  ASSERT_TRUE(store) << store.error().describe();
  constexpr std::uint64_t units = 60;
  std::vector<std::optional<Result<>>> results(units);
  boost::asio::io_context io;
  for (std::uint64_t i = 0; i < units; ++i)
    boost::asio::co_spawn(io, (*store)->write([i](store::Unit& unit) {
      auto row = store::contract::sandbox_row(i);
      row.reason = std::string(i % 10 == 5 ? 4 << 20 : 100, 'r');
      return unit.insert_sandbox(row);
    }),
                          [&results, i](std::exception_ptr, Result<> result) { results[i] = std::move(result); });
  io.run();
  store->reset();
  store = store_sqlite::open(on_disk());
  ASSERT_TRUE(store) << store.error().describe();
  std::uint64_t written = 0;
  for (std::uint64_t i = 0; i < units; ++i) {
    ASSERT_TRUE(results[i]) << i;
    EXPECT_EQ(results[i]->has_value(), has(**store, i)) << i << (*results[i] ? "" : results[i]->error().describe());
    if (*results[i]) ++written;
    if (i % 10 == 5) {
      ASSERT_FALSE(*results[i]);
      EXPECT_EQ(results[i]->error().code, Code::NoSpace) << results[i]->error().describe();
    }
  }
  EXPECT_LE(written, units - units / 10);
}

}  // namespace
}  // namespace berth::store_sqlite
