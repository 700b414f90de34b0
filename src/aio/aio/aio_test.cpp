#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>

#include "aio/deadline.hpp"
#include "aio/event.hpp"
#include "aio/pool.hpp"
#include "aio/runtime.hpp"
#include "aio/task_group.hpp"

namespace berth::aio {
namespace {

using boost::asio::awaitable;

awaitable<void> wait_for(Event* event, Result<>* result) { *result = co_await event->wait(); }
awaitable<Result<int>> forever(Event* event) {
  CO_TRY(co_await event->wait());
  co_return 1;
}

TEST(TaskGroup, StopCancelsAndWaits) {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  Event event(io.get_executor());
  Result<> result;
  group.spawn(wait_for(&event, &result));
  io.poll();
  EXPECT_EQ(group.size(), 1u);
  bool all = false;
  boost::asio::co_spawn(io, group.stop(std::chrono::seconds{5}), [&](std::exception_ptr, bool ended) { all = ended; });
  io.run();
  EXPECT_TRUE(all);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::Cancelled);
  group.spawn(wait_for(&event, &result));
  EXPECT_EQ(group.size(), 0u) << "the gate is closed";
}

TEST(Event, WakesEveryWaiter) {
  boost::asio::io_context io;
  TaskGroup group(io.get_executor());
  Event event(io.get_executor());
  Result<> a = fail(Code::Internal, ""), b = fail(Code::Internal, "");
  group.spawn(wait_for(&event, &a));
  group.spawn(wait_for(&event, &b));
  io.poll();
  event.notify();
  io.poll();
  EXPECT_TRUE(a && b);
}

TEST(Deadline, PassesAndIsPassed) {
  boost::asio::io_context io;
  Event event(io.get_executor());
  std::optional<Result<int>> result;
  boost::asio::co_spawn(io, with_deadline(forever(&event), std::chrono::milliseconds{1}, "too slow"),
                        [&](std::exception_ptr, Result<int> r) { result = std::move(r); });
  io.run();
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().code, Code::Timeout);
}

awaitable<bool> leaves_and_returns(Pool* pool) {
  const auto here = std::this_thread::get_id();
  auto there = co_await pool->run([]() -> Result<std::thread::id> { return std::this_thread::get_id(); });
  co_return there && *there != here && std::this_thread::get_id() == here;
}

TEST(Pool, RunsElsewhereAndResumesHere) {
  Runtime runtime(2);
  Pool pool("test", 1, 4);
  runtime.start();
  EXPECT_TRUE(boost::asio::co_spawn(runtime.at(1), leaves_and_returns(&pool), boost::asio::use_future).get());
}

TEST(Pool, RefusesBeyondItsBound) {
  Runtime runtime(1);
  Pool pool("test", 0, 0);
  runtime.start();
  EXPECT_FALSE(boost::asio::co_spawn(runtime.at(0), leaves_and_returns(&pool), boost::asio::use_future).get());
}

}  // namespace
}  // namespace berth::aio
