#pragma once
// Wakes coroutines that wait for something to change. Everything on one executor. Waiters check their condition again after
// each wake: `while (!ready) co_await event.wait();` is free of lost wake-ups, since nothing runs between check and wait.
//
// Example (aio::Event& changed, const bool& ready):
//   while (!ready) CO_TRY(co_await changed.wait());

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.hpp"

namespace berth::aio {

class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor) : timer_(executor) {
    timer_.expires_at(boost::asio::steady_timer::time_point::max());
  }
  void notify() { timer_.cancel(); }
  // Cancelled when the waiting coroutine was.
  boost::asio::awaitable<Result<>> wait() {
    (void)co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if ((co_await boost::asio::this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none)
      co_return fail(Code::Cancelled, "The wait was cancelled.");
    co_return Result<>{};
  }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace berth::aio
