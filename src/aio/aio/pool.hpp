#pragma once
// A named pool of threads for calls that block (fsync, removing trees, building templates). co_await pool.run(f) runs f
// there and resumes where it was awaited. f returns a Result and must not touch state of a strand; it is not cancelled: what
// may take seconds looks at stopping() now and then and gives up, or the server's end waits for it.
// Bounded: beyond `queue` waiting calls the answer is ResourceExhausted at once.
//
// Example (aio::Pool& pool, std::string path):
//   CO_TRY_ASSIGN(const std::size_t length, co_await pool.run([path]() -> Result<std::size_t> { return path.size(); }));
//   (void)length;

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>

#include "base/result.hpp"

namespace berth::aio {

class Pool {
 public:
  Pool(std::string name, std::size_t threads, std::size_t queue) : name_(std::move(name)), limit_(threads + queue), pool_(threads) {}

  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F>> run(F work) {
    if (held_.fetch_add(1) >= limit_) {
      held_.fetch_sub(1);
      co_return fail(Code::ResourceExhausted, "The server is busy with too many such requests.", "Try again in a while.");
    }
    auto result = co_await boost::asio::co_spawn(pool_.get_executor(), call(std::make_shared<F>(std::move(work))),
                                                 boost::asio::use_awaitable);
    held_.fetch_sub(1);
    co_return result;
  }
  [[nodiscard]] std::stop_token stopping() const { return stop_.get_token(); }
  void request_stop() { stop_.request_stop(); }
  void join() { pool_.join(); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  // Work that is under way ends, whoever waits for it: a cancellation must not throw out of what hands its result over.
  template <class F>
  static boost::asio::awaitable<std::invoke_result_t<F>> call(std::shared_ptr<F> work) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    co_return (*work)();
  }
  std::string name_;
  std::size_t limit_;
  std::atomic<std::size_t> held_{0};
  std::stop_source stop_;
  boost::asio::thread_pool pool_;
};

}  // namespace berth::aio
