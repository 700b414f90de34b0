#include "aio/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace berth::aio {
namespace {

// Cancellation is the answer of the operation that waits, never an exception out of the next co_await: a task that was
// told to stop can still put things in order.
boost::asio::awaitable<void> without_throw(boost::asio::awaitable<void> task) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

struct TaskGroup::State {
  explicit State(boost::asio::any_io_executor e) : executor(std::move(e)), empty(executor) {
    empty.expires_at(boost::asio::steady_timer::time_point::max());
  }
  boost::asio::any_io_executor executor;
  std::list<boost::asio::cancellation_signal> running;
  bool closed = false;
  boost::asio::steady_timer empty;
};

TaskGroup::TaskGroup(boost::asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
TaskGroup::~TaskGroup() = default;

std::size_t TaskGroup::size() const { return state_->running.size(); }
boost::asio::any_io_executor TaskGroup::executor() const { return state_->executor; }

void TaskGroup::spawn(boost::asio::awaitable<void> task) {
  boost::asio::dispatch(state_->executor, [state = state_, task = std::move(task)]() mutable {
    if (state->closed) return;
    const auto signal = state->running.emplace(state->running.end());
    auto ended = [state, signal](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      state->running.erase(signal);
      if (state->running.empty()) state->empty.cancel();
    };
    boost::asio::co_spawn(state->executor, without_throw(std::move(task)),
                          boost::asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
  });
}

boost::asio::awaitable<bool> TaskGroup::stop(std::chrono::milliseconds limit) {
  const auto state = state_;
  state->closed = true;
  for (auto at = state->running.begin(); at != state->running.end();) {
    auto& signal = *at++;  // a task that ends at once erases its own entry
    signal.emit(boost::asio::cancellation_type::terminal);
  }
  state->empty.expires_after(limit);
  while (!state->running.empty()) {
    const auto [error] = co_await state->empty.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!error) break;  // the limit passed
  }
  co_return state->running.empty();
}

}  // namespace berth::aio
