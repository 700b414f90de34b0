#pragma once
// One TaskGroup for each context of a Runtime: what belongs to one sandbox runs on one lane for good, and stop() reaches
// all of it. The runtime outlives its lanes. next() and at() may be called from any thread.
//
// Example (aio::Runtime& runtime):
//   aio::Lanes lanes(runtime);
//   const auto lane = lanes.next();
//   if (!co_await lanes.stop(std::chrono::seconds{5})) co_return fail(Code::Timeout, "Not all of it ended.");

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "aio/on.hpp"
#include "aio/runtime.hpp"
#include "aio/task_group.hpp"

namespace berth::aio {

class Lanes {
 public:
  explicit Lanes(Runtime& runtime) {
    for (std::size_t i = 0; i < runtime.size(); ++i)
      groups_.push_back(std::make_shared<TaskGroup>(runtime.at(i).get_executor()));
  }
  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  [[nodiscard]] const std::shared_ptr<TaskGroup>& at(std::size_t i) const { return groups_[i]; }
  [[nodiscard]] const std::shared_ptr<TaskGroup>& next() { return groups_[next_++ % groups_.size()]; }  // round robin

  // Cancels what runs on every lane; true when all of it ended within `limit`, each.
  boost::asio::awaitable<bool> stop(std::chrono::milliseconds limit) {
    bool all = true;
    for (const auto& group : groups_)
      if (!co_await on(group->executor(), group->stop(limit))) all = false;
    co_return all;
  }

 private:
  std::vector<std::shared_ptr<TaskGroup>> groups_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace berth::aio
