#pragma once
// A blocking call that must be made: tidying up is not given up because the pool is busy for a moment. Private to the room.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "aio/pool.hpp"

namespace berth::sandboxes {

template <class F>
boost::asio::awaitable<std::invoke_result_t<F>> insist(aio::Pool& pool, F work) {
  constexpr int tries = 100;
  for (int i = 0;; ++i) {
    auto done = co_await pool.run(work);
    if (done || done.error().code != Code::ResourceExhausted || i == tries) co_return done;
    boost::asio::steady_timer wait(co_await boost::asio::this_coro::executor, std::chrono::milliseconds{100});
    (void)co_await wait.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

}  // namespace berth::sandboxes
