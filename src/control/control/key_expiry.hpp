#pragma once
// When what is open was opened with keys that expire, somebody has to look at that time. One timer, for the earliest of them.
// note() is for any thread; run() belongs to one lane, and until it runs nothing is noticed. A clock that was set forward is
// noticed within a minute.
//
// Example (aio::TaskGroup& lane, const Clock& clock, WallTime when):
//   #include "aio/task_group.hpp"
//   control::KeyExpiry expiry(lane.executor(), clock, [] { /* look who may stay */ });
//   lane.spawn(expiry.run());
//   expiry.note(when);

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <set>

#include "base/clock.hpp"

namespace berth::control {

class KeyExpiry {
 public:
  KeyExpiry(boost::asio::any_io_executor executor, const Clock& clock, std::function<void()> look)
      : clock_(clock), look_(std::move(look)), timer_(std::move(executor)) {}
  void note(WallTime when);
  boost::asio::awaitable<void> run();  // until it is cancelled

 private:
  const Clock& clock_;
  const std::function<void()> look_;
  boost::asio::steady_timer timer_;    // on the executor, as the next one
  std::set<WallTime> times_;
};

}  // namespace berth::control
