#pragma once
// Work on another executor, awaited from this one. A coroutine stays on the executor that it began on, so that state which
// belongs to one strand is touched there only; on() is the way over and back. Costs nothing when both are the same.
//
//   auto info = co_await aio::on(sandbox->executor(), info_of(sandbox, id));
//
// on(): a cancelled caller cancels the work. shielded(): the work goes on to its end whatever the caller does, for changes
// that must not stop half way; the caller still waits for it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace berth::aio {

namespace detail {
template <class T>
boost::asio::awaitable<T> answered(boost::asio::awaitable<T> work) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);  // operations say that they were cancelled
  co_return co_await std::move(work);
}
}  // namespace detail

template <class T>
boost::asio::awaitable<T> on(boost::asio::any_io_executor executor, boost::asio::awaitable<T> work) {
  if (co_await boost::asio::this_coro::executor == executor) co_return co_await std::move(work);
  co_return co_await boost::asio::co_spawn(executor, detail::answered(std::move(work)), boost::asio::use_awaitable);
}

template <class T>
boost::asio::awaitable<T> shielded(boost::asio::any_io_executor executor, boost::asio::awaitable<T> work) {
  co_return co_await boost::asio::co_spawn(
      executor, detail::answered(std::move(work)),
      boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot{}, boost::asio::use_awaitable));
}

}  // namespace berth::aio
