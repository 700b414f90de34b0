#include "events/timeline.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <random>

#include "events/told.hpp"
#include "store_sqlite/open.hpp"

namespace berth::events {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
constexpr milliseconds at_once{0}, patience{60'000};

SandboxId box(unsigned number) {
  std::array<std::byte, 16> bits{};
  bits[0] = static_cast<std::byte>(number);
  return SandboxId::from_bits(bits);
}
TerminalId terminal_id(unsigned number) {
  std::array<std::byte, 16> bits{};
  bits[0] = static_cast<std::byte>(number);
  return TerminalId::from_bits(bits);
}

class TimelineTest : public testing::Test {
 protected:
  TimelineTest() {
    char path[] = "/tmp/berth-events-XXXXXX";
    directory_ = mkdtemp(path);
    open();
  }
  ~TimelineTest() override {
    timeline_->close();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void open(Settings settings = {}) {
    if (timeline_) timeline_->close();
    store_.reset();
    auto opened = store_sqlite::open({.path = directory_ / "berth.db", .clock = &clock_});
    if (!opened) throw std::runtime_error(opened.error().describe());
    store_ = *std::move(opened);
    timeline_ = Timeline::open(*store_, settings);
  }
  template <class T>
  T run(awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(work), [&](std::exception_ptr failure, T value) {
      if (failure) std::rethrow_exception(failure);
      result = std::move(value);
    });
    io_.restart();
    io_.run();
    return *std::move(result);
  }
  void happen(unsigned count, unsigned sandbox = 1, std::string owner = "ada") {
    const auto written = run(store_->write([=](store::Unit& unit) -> Result<> {
      for (unsigned i = 0; i < count; ++i)
        TRY(unit.append_event({.owner = owner, .type = "command.ended", .sandbox = box(sandbox), .data = "{}"}));
      return {};
    }));
    ASSERT_TRUE(written) << written.error().describe();
  }
  std::shared_ptr<Reader> read(std::optional<std::uint64_t> after, std::vector<std::string> topics = {}) {
    Interest interest{.filter = {.owner = "ada", .sandbox = {}, .terminal = {}, .session = {}}, .topics = {}};
    for (const auto& text : topics) interest.topics.push_back(Topic::parse(text).value());
    return timeline_->read(io_.get_executor(), interest, after);
  }
  News next(const std::shared_ptr<Reader>& reader, milliseconds limit = patience) {
    auto news = run(reader->next(limit));
    if (!news) ADD_FAILURE() << news.error().describe();
    return news ? *std::move(news) : News{};
  }
  static std::vector<std::uint64_t> ids(const News& news) {
    std::vector<std::uint64_t> out;
    for (const auto& event : news.events) out.push_back(event->id);
    return out;
  }
  using Ids = std::vector<std::uint64_t>;

  SystemClock clock_;
  std::filesystem::path directory_;
  boost::asio::io_context io_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<Timeline> timeline_;
};

TEST_F(TimelineTest, FromAnIdThenLiveAcrossARestart) {
  happen(3);
  const auto reader = read(1);
  EXPECT_EQ(ids(next(reader)), (Ids{2, 3}));
  EXPECT_TRUE(next(reader, at_once).events.empty());
  happen(2);
  EXPECT_EQ(ids(next(reader)), (Ids{4, 5}));
  EXPECT_TRUE(next(reader, at_once).events.empty());
  open();
  const auto again = read(4);
  EXPECT_EQ(ids(next(again)), Ids{5});
  happen(1);
  EXPECT_EQ(ids(next(again)), Ids{6});
}

TEST_F(TimelineTest, FromNowOnIsWhatComesAfterTheFirstLook) {
  happen(3);
  const auto reader = read(std::nullopt);
  EXPECT_TRUE(next(reader, at_once).events.empty());
  happen(1);
  EXPECT_EQ(ids(next(reader)), Ids{4});
}

TEST_F(TimelineTest, OnlyTheOwnersAndWhatIsAskedFor) {
  const auto mine = read(0), one = read(0, {box(2).str()}), terminals = read(0, {"terminals"});
  const auto either = read(0, {box(2).str(), "sandboxes"});
  happen(1, 1);
  happen(1, 2);
  happen(1, 2, "bob");
  happen(1, 1);
  EXPECT_EQ(ids(next(mine)), (Ids{1, 2, 4}));
  EXPECT_EQ(ids(next(one)), Ids{2});
  EXPECT_EQ(ids(next(either)), Ids{2});
  EXPECT_TRUE(next(terminals, at_once).events.empty());
  happen(1, 2);
  EXPECT_EQ(ids(next(one)), Ids{5});
  EXPECT_TRUE(next(terminals, at_once).events.empty());
  EXPECT_FALSE(Topic::parse("files"));
  EXPECT_FALSE(Topic::parse("sbx_short"));
}

TEST_F(TimelineTest, WhatIsNotInMemoryAnyMoreIsReadFromTheStore) {
  open({.recent_bytes = 1000, .page = 7});
  const auto slow = read(0), quick = read(0);
  Ids seen, all;
  for (unsigned i = 0; i < 50; ++i) {
    happen(3);
    for (const auto id : ids(next(quick))) seen.push_back(id);
  }
  for (std::uint64_t id = 1; id <= 150; ++id) all.push_back(id);
  while (seen.size() < 150) for (const auto id : ids(next(quick))) seen.push_back(id);
  EXPECT_EQ(seen, all);
  seen.clear();
  while (seen.size() < 150) {
    const auto part = ids(next(slow));
    ASSERT_LE(part.size(), 7u);
    seen.insert(seen.end(), part.begin(), part.end());
  }
  EXPECT_EQ(seen, all);
}

TEST_F(TimelineTest, WhatWasForgottenAndWhatIsNotThereIsTold) {
  happen(10);
  ASSERT_TRUE(run(store_->write([](store::Unit& unit) { return unit.forget_events({"ada", 6}, 100); })));
  open();
  const auto behind = read(3);
  const auto told = next(behind);
  ASSERT_TRUE(told.gap);
  EXPECT_EQ(told.gap->after, 3u);
  EXPECT_EQ(told.gap->first, 7u);
  EXPECT_EQ(told.gap->last, 10u);
  EXPECT_EQ(ids(next(behind)), (Ids{7, 8, 9, 10}));
  const auto ahead = read(900);
  ASSERT_TRUE(next(ahead).gap);
  happen(1);
  EXPECT_EQ(ids(next(ahead)), Ids{11});
  EXPECT_EQ(ids(next(read(6))), (Ids{7, 8, 9, 10, 11}));
}

TEST_F(TimelineTest, ToTheEndOfWhatIsThere) {
  happen(2);
  const auto reader = timeline_->read(io_.get_executor(), {.filter = {.owner = "ada"}, .topics = {}}, 0, Until::CaughtUp);
  EXPECT_EQ(ids(next(reader)), (Ids{1, 2}));
  EXPECT_TRUE(next(reader).end);
}

TEST_F(TimelineTest, OthersEventsMoveAPositionOn) {
  const auto reader = read(0);
  EXPECT_EQ(next(reader, at_once).position, 0u);
  happen(5, 1, "bob");
  EXPECT_EQ(next(reader, at_once).position, 5u);
}

awaitable<Result<News>> stopped_meanwhile(std::shared_ptr<Reader> reader) {
  boost::asio::post(reader->executor(), [reader] { reader->stop(); });
  co_return co_await reader->next(patience);
}

TEST_F(TimelineTest, AReaderThatWaitsIsStopped) {
  const auto reader = read(std::nullopt);
  const auto news = run(stopped_meanwhile(reader));
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().code, Code::Cancelled);
  EXPECT_EQ(timeline_->readers(), 1u);
}

// Readers with interests, places and paces of their own, while units of several owners commit: each sees what it is to see.
TEST_F(TimelineTest, RandomReadersSeeEachEventOnce) {
  const char* given = std::getenv("BERTH_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  open({.recent_bytes = 4000, .page = 5});
  struct One { std::shared_ptr<Reader> reader; unsigned sandbox; Ids seen; };
  std::vector<One> readers;
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned sandbox = i % 4;  // 0: all
    readers.push_back({read(0, sandbox == 0 ? std::vector<std::string>{} : std::vector{box(sandbox).str()}), sandbox, {}});
  }
  std::vector<Ids> expected(4);
  std::uint64_t id = 0;
  for (int step = 0; step < 300; ++step) {
    const unsigned sandbox = 1 + static_cast<unsigned>(random() % 3), count = 1 + static_cast<unsigned>(random() % 6);
    const bool other = random() % 4 == 0;
    happen(count, sandbox, other ? "bob" : "ada");
    for (unsigned i = 0; i < count; ++i) {
      ++id;
      if (other) continue;
      expected[0].push_back(id);
      expected[sandbox].push_back(id);
    }
    auto& one = readers[random() % readers.size()];
    for (const auto seen : ids(next(one.reader, at_once))) one.seen.push_back(seen);
  }
  for (auto& one : readers) {
    while (one.seen.size() < expected[one.sandbox].size())
      for (const auto seen : ids(next(one.reader))) one.seen.push_back(seen);
    EXPECT_EQ(one.seen, expected[one.sandbox]) << "seed " << seed;
    EXPECT_TRUE(next(one.reader, at_once).events.empty()) << "seed " << seed;
  }
}

TEST_F(TimelineTest, RowsAreToldOnce) {
  store::SandboxRow row{.id = box(1), .owner = "ada", .name = "dev"};
  store::TerminalRow terminal{.id = terminal_id(1), .sandbox = box(1), .owner = "ada", .argv = {"sh", "\xff"}};
  store::CommandRow command{.terminal = terminal.id, .number = 1, .sandbox = box(1), .owner = "ada", .text = std::string(5000, 'x')};
  const auto done = run(store_->write([&](store::Unit& unit) -> Result<> {
    TRY(insert_sandbox(unit, row));
    row.state = store::SandboxState::Running;
    TRY(update_sandbox(unit, row, store::SandboxState::Provisioning, {}));
    TRY(update_sandbox(unit, row, store::SandboxState::Running, {}));
    TRY(insert_terminal(unit, terminal));
    TRY(put_command(unit, command));
    TRY(put_command(unit, command));
    command.done = true;
    command.exit_code = 3;
    TRY(put_command(unit, command));
    TRY(put_command(unit, command));
    command.number = 2;
    TRY(put_command(unit, command));
    TRY(update_terminal(unit, terminal));
    terminal.running = false;
    terminal.exit = Killed{9};
    TRY(update_terminal(unit, terminal));
    TRY(update_terminal(unit, terminal));
    return remove_sandbox(unit, row.id, {});
  }));
  ASSERT_TRUE(done) << done.error().describe();
  std::vector<std::string> types;
  const auto news = next(read(0));
  for (const auto& event : news.events) {
    types.push_back(event->type);
    EXPECT_LT(event->data.size(), 2000u);
  }
  EXPECT_EQ(types, (std::vector<std::string>{"sandbox.provisioning", "sandbox.running", "terminal.started", "command.started",
                                             "command.ended", "command.started", "command.ended", "terminal.ended",
                                             "sandbox.removed"}));
  EXPECT_NE(news.events[4]->data.find("\"exit_code\":3"), std::string::npos) << news.events[4]->data;
  EXPECT_NE(news.events[7]->data.find("\"signal\":9"), std::string::npos) << news.events[7]->data;
  EXPECT_EQ(ids(next(read(0, {terminal.id.str()}))).size(), 6u);
}

TEST_F(TimelineTest, WhoIsTurnedAwayIsToldWhyAndGetsNothingMore) {
  happen(3);
  const auto waiting = read({}), behind = read(0);
  EXPECT_TRUE(next(waiting, at_once).events.empty());
  std::optional<Result<News>> told;
  boost::asio::co_spawn(io_, waiting->next(patience), [&](const std::exception_ptr&, Result<News> news) { told = std::move(news); });
  for (const auto& reader : {waiting, behind}) reader->turn_away({.code = Code::Unauthenticated, .message = "This key was revoked."});
  happen(1);
  ASSERT_TRUE(told && !*told);
  EXPECT_EQ(told->error().message, "This key was revoked.");
  for (const auto& reader : {waiting, behind}) EXPECT_EQ(run(reader->next(patience)).error().code, Code::Unauthenticated);
}

}  // namespace
}  // namespace berth::events
