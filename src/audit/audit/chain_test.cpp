#include "audit/chain.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>

#include "base/clock.hpp"
#include "store_sqlite/open.hpp"

namespace berth::audit {
namespace {

class ChainTest : public testing::Test {
 protected:
  ChainTest() {
    char path[] = "/tmp/berth-audit-XXXXXX";
    directory_ = mkdtemp(path);
    open();
  }
  ~ChainTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void open() {
    auto opened = store_sqlite::open({.path = directory_ / "berth.db", .clock = &clock_});
    if (!opened) throw std::runtime_error(opened.error().describe());
    store_ = *std::move(opened);
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(work), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result = std::move(value);
    });
    io_.restart();
    io_.run();
    return *std::move(result);
  }
  Result<> add(int number, std::string key = "socket") {
    return run(store_->write([number, key, now = clock_.now()](store::Unit& unit) {
      return append(unit, {.time = now, .actor = "ada", .key = key, .action = "session.patched", .subject = "ses_" + std::to_string(number),
                           .request = "req_" + std::to_string(number)});
    }));
  }
  Checked checked() {
    return run(store_->read([](store::Reader& reader) { return check(reader); })).value();
  }
  // What somebody does who has the database.
  void tamper(const std::string& sql) {
    store_.reset();
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((directory_ / "berth.db").c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
    open();
  }

  boost::asio::io_context io_;
  FakeClock clock_;
  std::filesystem::path directory_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(ChainTest, HoldsAcrossUnitsPagesAndRestarts) {
  EXPECT_EQ(checked().rows, 0u);
  for (int i = 1; i <= 1500; ++i) ASSERT_TRUE(add(i));
  store_.reset();
  open();
  ASSERT_TRUE(add(1501));
  const Checked all = checked();
  EXPECT_EQ(all.rows, 1501u);
  EXPECT_FALSE(all.broken);
  const auto last = run(store_->read([](store::Reader& reader) { return reader.last_audit(); })).value();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->hash, all.last);
  EXPECT_EQ(std::tie(last->actor, last->key, last->action, last->subject, last->outcome, last->request),
            std::make_tuple("ada", "socket", "session.patched", "ses_1501", "ok", "req_1501"));
}

TEST_F(ChainTest, AUnitThatFailsLeavesNoRecord) {
  ASSERT_TRUE(add(1));
  EXPECT_FALSE(run(store_->write([now = clock_.now()](store::Unit& unit) -> Result<> {
    TRY(append(unit, {.time = now, .actor = "ada", .key = "k", .action = "a", .subject = "s", .request = ""}));
    return fail(Code::FailedPrecondition, "no");
  })));
  ASSERT_TRUE(add(2));
  EXPECT_EQ(checked().rows, 2u);
}

TEST_F(ChainTest, WhatWasChangedMovedOrTakenOutIsNoticed) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(add(i));
  const std::string whole = checked().last;
  tamper("UPDATE audit SET actor = 'bob' WHERE seq = 3");
  EXPECT_EQ(checked().broken, 3u);
  tamper("UPDATE audit SET actor = 'ada' WHERE seq = 3");
  EXPECT_EQ(checked().last, whole);
  tamper("UPDATE audit SET action = action || subject, subject = '' WHERE seq = 4");  // no field runs into the next
  EXPECT_EQ(checked().broken, 4u);
  tamper("DELETE FROM audit WHERE seq = 4");
  EXPECT_EQ(checked().broken, 4u);
  tamper("DELETE FROM audit WHERE seq >= 3");
  EXPECT_FALSE(checked().broken);
  EXPECT_NE(checked().last, whole);  // the end is missing: the newest hash says so
}

}  // namespace
}  // namespace berth::audit
