#include "audit/chain.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>

#include "base/clock.hpp"
#include "store/empty_unit.hpp"
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

TEST_F(ChainTest, ItsOldestSegmentsGoAndWhatRemainsIsProved) {
  const auto trimmed = [&](std::uint64_t keep, std::uint64_t segment) {
    return run(store_->write([keep, segment, now = clock_.now()](store::Unit& unit) { return trim(unit, keep, segment, now); })).value();
  };
  EXPECT_FALSE(trimmed(20, 10));
  for (int i = 1; i <= 35; ++i) ASSERT_TRUE(add(i));
  EXPECT_FALSE(trimmed(35, 10) || trimmed(20, 11) || trimmed(10, 0));
  EXPECT_TRUE(trimmed(20, 10));
  EXPECT_EQ(std::tuple(checked().first, checked().rows, checked().broken.has_value()), std::tuple(11u, 26u, false));
  EXPECT_TRUE(trimmed(20, 10));
  EXPECT_FALSE(trimmed(20, 10));
  store_.reset();
  open();
  ASSERT_TRUE(add(36));
  EXPECT_EQ(std::tuple(checked().first, checked().rows, checked().broken.has_value()), std::tuple(21u, 18u, false));
  const auto change = [&](const auto& work) { return run(store_->write([work](store::Unit& unit) -> Result<> { return work(unit); })).has_value(); };
  EXPECT_TRUE(change([](store::Unit& unit) { return unit.append_audit({.seq = 39, .action = "audit.trimmed", .subject = "1-21"}); }));
  EXPECT_EQ(checked().broken, 22u) << "one more than the record says";
  EXPECT_TRUE(change([](store::Unit& unit) { return unit.put_setting("audit.trimmed", "30"); }));
  EXPECT_EQ(checked().broken, 22u) << "another record";
}

// The rows of somebody who has the database.
struct Rows final : store::EmptyUnit {
  std::vector<store::AuditRow> all;
  Result<std::optional<store::AuditRow>> last_audit() override {
    if (all.empty()) return std::nullopt;
    return all.back();
  }
  Result<std::vector<store::AuditRow>> audit(std::uint64_t after, std::uint32_t) override {
    std::vector<store::AuditRow> out;
    for (const auto& row : all)
      if (row.seq > after) out.push_back(row);
    return out;
  }
  Result<> append_audit(const store::AuditRow& row) override { return all.push_back(row), Result<>{}; }
};

TEST(Chain, WhatWasChangedMovedOrTakenOutIsNoticed) {
  Rows whole;
  for (int i = 1; i <= 5; ++i)
    ASSERT_TRUE(append(whole, {.time = WallTime{std::chrono::seconds{i}}, .actor = "ada", .key = "k", .action = "a", .subject = "s" + std::to_string(i),
                               .request = ""}));
  ASSERT_EQ(check(whole)->rows, 5u);
  const auto broken = [&](const auto& change) {
    Rows rows = whole;
    change(rows.all);
    return check(rows).value();
  };
  using All = std::vector<store::AuditRow>;
  EXPECT_EQ(broken([](All& all) { all[2].actor = "bob"; }).broken, 3u);
  EXPECT_EQ(broken([](All& all) { all[2].outcome = "no"; }).broken, 3u);
  EXPECT_EQ(broken([](All& all) { all[2].time += std::chrono::nanoseconds{1}; }).broken, 3u);
  EXPECT_EQ(broken([](All& all) { all[3].action += all[3].subject, all[3].subject.clear(); }).broken, 4u);  // no field runs into the next
  EXPECT_EQ(broken([](All& all) { all.erase(all.begin() + 3); }).broken, 4u);
  EXPECT_EQ(broken([](All& all) { std::swap(all[1].subject, all[2].subject); }).broken, 2u);
  const auto cut = broken([](All& all) { all.resize(3); });
  EXPECT_FALSE(cut.broken);
  EXPECT_NE(cut.last, check(whole)->last);  // the end is missing: the newest hash says so
}

}  // namespace
}  // namespace berth::audit
