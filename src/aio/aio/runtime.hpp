#pragma once
// The server's threads: one io_context and one thread per core. Work stays on the context that it began on; two threads on
// one context are slower than one context each. start() and stop() are called by the owner's thread; the rest by any.
//
// Example:
//   aio::Runtime runtime(2);                     // threads
//   runtime.start();
//   boost::asio::io_context& one = runtime.next();
//   runtime.stop();

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace berth::aio {

class Runtime {
 public:
  explicit Runtime(unsigned threads);  // 0: one per core
  ~Runtime();                          // stops and joins
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void start();
  void stop();  // abandons what is left; idempotent
  [[nodiscard]] std::size_t size() const { return contexts_.size(); }
  [[nodiscard]] boost::asio::io_context& at(std::size_t i) { return contexts_[i]->io; }
  [[nodiscard]] boost::asio::io_context& next() { return at(next_++ % size()); }  // round robin

 private:
  struct Context {
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  };
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace berth::aio
