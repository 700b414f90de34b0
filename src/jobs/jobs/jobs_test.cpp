#include "jobs/jobs.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "aio/event.hpp"
#include "os/scratch_dir.hpp"
#include "store_sqlite/open.hpp"

namespace berth::jobs {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using store::JobState;

// A real store, and one thread that everything runs on.
class JobsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store_sqlite::open({.path = directory_ / "berth.db", .clock = &clock_, .readers = 1});
    ASSERT_TRUE(opened) << opened.error().describe();
    store_ = *std::move(opened);
    settings_.first_pause = milliseconds{1};
    settings_.longest_pause = milliseconds{4};
    settings_.look = milliseconds{10};
  }
  std::shared_ptr<Jobs> make() { return std::make_shared<Jobs>(Parts{store_.get(), &clock_, {}}, settings_); }

  void run(awaitable<Result<>> work) {
    boost::asio::co_spawn(io_, std::move(work), [](std::exception_ptr failure, const Result<>& result) {
      if (failure) std::rethrow_exception(failure);
      EXPECT_TRUE(result) << result.error().describe();
    });
    io_.run();
    io_.restart();
  }
  awaitable<Result<>> add_job(Jobs& jobs, std::string kind, std::string subject = {}) {
    CO_TRY(co_await store_->write([=, now = clock_.now()](store::Unit& unit) {
      return add(unit, {.kind = kind, .subject = subject}, now);
    }));
    jobs.wake();
    co_return Result<>{};
  }
  awaitable<Result<std::vector<store::JobRow>>> rows() {
    CO_TRY_ASSIGN(auto page, co_await store_->read([](store::Reader& r) { return r.jobs({}, {.after = "", .limit = 100}); }));
    co_return page.rows;
  }
  // Looks until every job has ended.
  awaitable<Result<std::vector<store::JobRow>>> all_ended() {
    boost::asio::steady_timer timer(io_);
    for (;;) {
      CO_TRY_ASSIGN(auto found, co_await rows());
      if (std::ranges::none_of(found, [](const auto& row) { return store::is_active(row.state); })) co_return found;
      timer.expires_after(milliseconds{1});
      (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  }

  os::ScratchDir directory_;
  SystemClock clock_;
  std::unique_ptr<store::Store> store_;
  Settings settings_;
  boost::asio::io_context io_;
};

TEST_F(JobsTest, WorksUntilItIsDoneAndSaysWhatFailed) {
  int tries = 0;
  const auto jobs = make();
  jobs->handle("third time", {.work = [&](store::JobRow) -> awaitable<Result<>> {
    if (++tries < 3) co_return fail(Code::Unavailable, "Not yet.");
    co_return Result<>{};
  }});
  jobs->handle("never", {.work = [](store::JobRow) -> awaitable<Result<>> { co_return fail(Code::Internal, "Never."); },
                         .max_attempts = 2});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup group(io_.get_executor());
    CO_TRY(co_await jobs->start(group));
    for (const char* kind : {"third time", "never", "unknown"}) CO_TRY(co_await add_job(*jobs, kind));
    CO_TRY_ASSIGN(const auto ended, co_await all_ended());
    EXPECT_EQ(ended.size(), 3u);
    for (const auto& row : ended) {
      if (row.kind == "third time") {
        EXPECT_EQ(row.state, JobState::Done);
        EXPECT_EQ(row.attempts, 3u);
        EXPECT_EQ(row.error, "");
      } else {
        EXPECT_EQ(row.state, JobState::Dead) << row.kind;
        EXPECT_EQ(row.attempts, row.kind == "never" ? 2u : 1u);
        EXPECT_NE(row.error, "");
      }
      EXPECT_TRUE(row.ended);
    }
    EXPECT_TRUE(co_await group.stop(std::chrono::seconds{20}));
    co_return Result<>{};
  };
  run(body());
  EXPECT_EQ(jobs->statistics().done, 1u);
  EXPECT_EQ(jobs->statistics().died, 2u);
}

TEST_F(JobsTest, NeverMoreAtATimeThanWorkers) {
  settings_.workers = 3;
  int now = 0, most = 0;
  aio::Event came(io_.get_executor());
  const auto jobs = make();
  jobs->handle("busy", {.work = [&](store::JobRow) -> awaitable<Result<>> {
    most = std::max(most, ++now);
    came.notify();
    while (most < 3) CO_TRY(co_await came.wait());  // the first ones wait for each other
    --now;
    co_return Result<>{};
  }});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup group(io_.get_executor());
    CO_TRY(co_await jobs->start(group));
    for (int i = 0; i < 20; ++i) CO_TRY(co_await add_job(*jobs, "busy", std::to_string(i)));
    CO_TRY(co_await all_ended());
    EXPECT_TRUE(co_await group.stop(std::chrono::seconds{20}));
    co_return Result<>{};
  };
  run(body());
  EXPECT_EQ(most, 3);
}

TEST_F(JobsTest, WhatRepeatsIsQueuedAgain) {
  int rounds = 0;
  aio::Event enough(io_.get_executor());
  const auto jobs = make();
  jobs->handle("tick", {.work = [&](store::JobRow) -> awaitable<Result<>> {
                          if (++rounds == 3) enough.notify();
                          co_return Result<>{};
                        },
                        .every = milliseconds{1}});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup group(io_.get_executor());
    CO_TRY(co_await jobs->start(group));
    while (rounds < 3) CO_TRY(co_await enough.wait());
    EXPECT_TRUE(co_await group.stop(std::chrono::seconds{20}));
    CO_TRY_ASSIGN(const auto found, co_await rows());
    EXPECT_EQ(found.size(), 1u);
    co_return Result<>{};
  };
  run(body());
}

// Its worker is gone in the middle: another one takes it up when the lease has run out.
TEST_F(JobsTest, AJobOutlivesItsWorker) {
  settings_.lease = milliseconds{30};
  const auto wait_for_ever = [&]() -> awaitable<void> {
    boost::asio::steady_timer timer(io_, std::chrono::hours{1});
    (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  };
  bool begun = false, done = false;
  aio::Event changed(io_.get_executor());
  const auto first = make(), second = make();
  first->handle("long", {.work = [&](store::JobRow) -> awaitable<Result<>> {
    begun = true;
    changed.notify();
    co_await wait_for_ever();
    co_return fail(Code::Cancelled, "Stopped.");
  }});
  second->handle("long", {.work = [&](store::JobRow row) -> awaitable<Result<>> {
    EXPECT_EQ(row.attempts, 2u);
    done = true;
    co_return Result<>{};
  }});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup one(io_.get_executor()), two(io_.get_executor());
    CO_TRY(co_await first->start(one));
    CO_TRY(co_await add_job(*first, "long"));
    while (!begun) CO_TRY(co_await changed.wait());
    EXPECT_TRUE(co_await one.stop(std::chrono::seconds{20}));
    CO_TRY(co_await second->start(two));
    CO_TRY(co_await all_ended());
    EXPECT_TRUE(co_await two.stop(std::chrono::seconds{20}));
    co_return Result<>{};
  };
  run(body());
  EXPECT_TRUE(done);
}

TEST_F(JobsTest, ACancelledJobsHandlerIsCancelled) {
  settings_.lease = milliseconds{30};
  bool begun = false, cancelled = false;
  aio::Event changed(io_.get_executor());
  const auto jobs = make();
  jobs->handle("long", {.work = [&](store::JobRow) -> awaitable<Result<>> {
    begun = true;
    changed.notify();
    boost::asio::steady_timer timer(io_, std::chrono::hours{1});
    (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    cancelled = true;
    changed.notify();
    co_return fail(Code::Cancelled, "Stopped.");
  }});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup group(io_.get_executor());
    CO_TRY(co_await jobs->start(group));
    CO_TRY(co_await add_job(*jobs, "long"));
    while (!begun) CO_TRY(co_await changed.wait());
    CO_TRY_ASSIGN(const auto running, co_await rows());
    CO_TRY(co_await store_->write([id = running.front().id, now = clock_.now()](store::Unit& u) { return u.cancel_job(id, now); }));
    while (!cancelled) CO_TRY(co_await changed.wait());
    EXPECT_TRUE(co_await group.stop(std::chrono::seconds{20}));
    CO_TRY_ASSIGN(const auto found, co_await rows());
    EXPECT_EQ(found.front().state, JobState::Cancelled);
    co_return Result<>{};
  };
  run(body());
}

TEST_F(JobsTest, AnAttemptEndsAtItsLimit) {
  const auto jobs = make();
  jobs->handle("stuck", {.work = [&](store::JobRow) -> awaitable<Result<>> {
                           boost::asio::steady_timer timer(io_, std::chrono::hours{1});
                           (void)co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
                           co_return Result<>{};
                         },
                         .max_attempts = 1,
                         .limit = milliseconds{5}});
  const auto body = [&]() -> awaitable<Result<>> {
    aio::TaskGroup group(io_.get_executor());
    CO_TRY(co_await jobs->start(group));
    CO_TRY(co_await add_job(*jobs, "stuck"));
    CO_TRY_ASSIGN(const auto ended, co_await all_ended());
    EXPECT_EQ(ended.front().state, JobState::Dead);
    EXPECT_EQ(ended.front().error, "The job took too long.");
    EXPECT_TRUE(co_await group.stop(std::chrono::seconds{20}));
    co_return Result<>{};
  };
  run(body());
}

}  // namespace
}  // namespace berth::jobs
