#include "store_sqlite/store.hpp"

#include <sys/stat.h>

#include <fstream>
#include <future>
#include <sstream>

#include "store_sqlite/cursor.hpp"
#include "store_sqlite/harness.hpp"

namespace berth::store_sqlite {
namespace {
namespace fs = std::filesystem;
using store::contract::sandbox_row;

// Every look at it is 60 ms later.
class TickingClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return {}; }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(std::chrono::milliseconds(60 * ++looks_)); }

 private:
  mutable std::atomic<int> looks_{0};
};

// Holds the writer inside a unit until it is told to go on.
struct Hold {
  std::promise<void> entered, leave;
  std::shared_future<void> left{leave.get_future()};
  auto unit() {
    return [this](store::Unit&) -> Result<> {
      entered.set_value();
      left.wait();
      return {};
    };
  }
};

TEST_F(StoreFiles, UsageOfTheHeader) {
  auto store = open();
  ASSERT_TRUE(store) << store.error().describe();
  const auto row = sandbox_row(1);
  const Result<> written = run((*store)->write([row](store::Unit& unit) -> Result<> {
    TRY(unit.insert_sandbox(row));
    return unit.put_setting("last", row.id.str());
  }));
  ASSERT_TRUE(written) << written.error().describe();
  const auto back = run((*store)->read([id = row.id](store::Reader& reader) { return reader.sandbox(id); }));
  ASSERT_TRUE(back) << back.error().describe();
}

TEST_F(StoreFiles, WaitingUnitsShareACommitAndAFullQueueRefuses) {
  Options with = options();
  with.queue = 50;
  with.group = 20;
  auto store = store_sqlite::open(with);
  ASSERT_TRUE(store);
  Hold hold;
  boost::asio::io_context io;
  std::size_t done = 0, refused = 0;
  boost::asio::co_spawn(io, (*store)->write(hold.unit()), [](std::exception_ptr, Result<>) {});
  io.run_one();
  hold.entered.get_future().wait();
  for (std::uint64_t i = 0; i < 60; ++i)
    boost::asio::co_spawn(io, (*store)->write([i](store::Unit& u) { return u.insert_sandbox(sandbox_row(i)); }),
                          [&](std::exception_ptr, Result<> result) {
                            if (result)
                              ++done;
                            else if (result.error().code == Code::ResourceExhausted)
                              ++refused;
                          });
  while (refused < 10) io.run_one();
  EXPECT_EQ((*store)->statistics().queue_depth, 50u);
  hold.leave.set_value();
  io.run();
  EXPECT_EQ(done, 50u);
  EXPECT_EQ(refused, 10u);
  const store::Statistics statistics = (*store)->statistics();
  EXPECT_EQ(statistics.largest_group, 20u);
  EXPECT_EQ(statistics.commits, 3u);  // the held one and 19 that came meanwhile, then 20 and 11
  EXPECT_EQ(statistics.units, 51u);
}

TEST_F(StoreFiles, SlowStatementsAreCountedAndNamedInTheLog) {
  const fs::path file = directory_.path() / "log";
  auto log = log::Logger::open({.file = file, .to_stderr = false});
  ASSERT_TRUE(log);
  TickingClock clock;
  Options with = options();
  with.clock = &clock;
  with.log = *log;
  with.slow_query = std::chrono::milliseconds(50);
  auto store = store_sqlite::open(with);
  ASSERT_TRUE(store);
  ASSERT_TRUE(insert(**store, 1));
  EXPECT_GT((*store)->statistics().slow, 0u);
  store->reset();
  const auto text = os::read_file(file, 1 << 20);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find(R"("statement":"sandbox_insert","took_ms":)"), std::string::npos) << *text;
  EXPECT_EQ(text->find("sandbox-1"), std::string::npos) << "values stay out of the log";
}

TEST_F(StoreFiles, ArePrivateFromCreationWhateverTheUmask) {
  const mode_t before = umask(0);
  auto store = open();
  ASSERT_TRUE(store);
  ASSERT_TRUE(insert(**store, 1));
  umask(before);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat state{};
    ASSERT_EQ(stat((path().string() + suffix).c_str(), &state), 0) << suffix;
    EXPECT_EQ(state.st_mode & 07777, 0600u) << suffix;
  }
}

TEST_F(StoreFiles, AnothersDatabaseALinkAndADirectoryAreRefused) {
  fill(1);
  fs::create_symlink(path(), directory_.path() / "link.db");
  fs::create_directory(directory_.path() / "directory.db");
  for (const char* name : {"link.db", "directory.db"}) {
    Options with = options();
    with.path = directory_.path() / name;
    const auto refused = store_sqlite::open(with);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Code::PermissionDenied) << refused.error().describe();
  }
  if (!os::set_owner(path(), 1, 1)) GTEST_SKIP() << "only root can give files away";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::PermissionDenied) << refused.error().describe();
}

TEST_F(StoreFiles, AnIdThatIsNoneIsDamageNotARow) {
  fill(1);
  Watch watch{.clock = &clock_, .log = {}, .slow = std::chrono::hours(1)};
  {
    auto connection = Connection::open(path(), Connection::Mode::ReadWrite, std::chrono::milliseconds(100), &watch);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute("UPDATE sandboxes SET state = 99 WHERE seq = 1; UPDATE sandboxes SET state = -1"));
  }
  auto store = open();
  ASSERT_TRUE(store);
  const auto row = run((*store)->read([](store::Reader& r) { return r.sandbox(store::contract::id<SandboxId>(0)); }));
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code, Code::Damaged);
}

TEST_F(StoreFiles, AReaderCannotWrite) {
  fill(1);
  auto store = open();
  ASSERT_TRUE(store);
  const auto refused = run(
      (*store)->read([](store::Reader& reader) { return dynamic_cast<store::Unit&>(reader).put_setting("a", "b"); }));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::PermissionDenied) << refused.error().describe();
}

TEST(Cursor, RoundTripsAndKnowsItsList) {
  for (const std::int64_t key :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{0x0102030405060708}, std::numeric_limits<std::int64_t>::max()}) {
    const std::string cursor = encode_cursor(List::Commands, key);
    EXPECT_EQ(decode_cursor(List::Commands, cursor), key) << cursor;
    EXPECT_FALSE(decode_cursor(List::Sandboxes, cursor)) << cursor;
  }
}

// What is committed to a file that has no name is gone with the process: it must not be acknowledged.
TEST_F(StoreFiles, NothingIsAcknowledgedWhenTheDatabaseIsGone) {
  for (const char* suffix : {"", "-wal"}) {
    const auto away = directory_.path() / "away";
    auto store = open();
    ASSERT_TRUE(store) << store.error().describe();
    const std::size_t before = rows(**store);
    ASSERT_TRUE(insert(**store, 10 * before + 1));
    std::filesystem::rename(with_suffix(path(), suffix), away);
    for (std::uint64_t i = 0; i < 3; ++i) {
      const auto refused = insert(**store, 10 * before + 2 + i);
      ASSERT_FALSE(refused) << "acknowledged without \"" << suffix << '"';
      EXPECT_EQ(refused.error().code, Code::Damaged) << refused.error().describe();
    }
    std::filesystem::rename(away, with_suffix(path(), suffix));
    EXPECT_TRUE(insert(**store, 10 * before + 7)) << "it is back";
    store->reset();
    store = open();
    ASSERT_TRUE(store) << store.error().describe();
    EXPECT_TRUE(has(**store, 10 * before + 1) && has(**store, 10 * before + 7));
  }
}

}  // namespace
}  // namespace berth::store_sqlite
