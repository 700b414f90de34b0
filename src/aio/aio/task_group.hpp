#pragma once
// Owns coroutines, so that none is detached: stop() closes the gate, cancels what runs, and waits for the last one.
//
// Everything on one executor (one thread); spawn() from another thread posts itself over. A group must be stopped before
// it is destroyed; its tasks keep the group's state alive, not the group. Exceptions that leave a task are defects: they
// end the process, since going on would hide them.
//
// Example (boost::asio::any_io_executor executor, boost::asio::awaitable<void> task):
//   aio::TaskGroup group(executor);
//   group.spawn(std::move(task));
//   const bool all_ended = co_await group.stop(std::chrono::seconds{5});

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

namespace berth::aio {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(boost::asio::awaitable<void> task);  // dropped once the gate is closed
  [[nodiscard]] std::size_t size() const;
  // Closes the gate and cancels. True when all have ended within `limit`. On the group's executor.
  boost::asio::awaitable<bool> stop(std::chrono::milliseconds limit);
  [[nodiscard]] boost::asio::any_io_executor executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::aio
