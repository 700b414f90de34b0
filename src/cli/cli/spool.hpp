#pragma once
// A recording on its way from the server into a file without a name, read at the same time by whoever plays it: the server
// is never kept waiting by a pause, and memory does not grow.
//
// A thread of its own fetches; destruction stops and joins it. Made after signals are blocked. fd() may be read at any time;
// grown() is readable when there is more, or the end.

#include <atomic>
#include <memory>
#include <thread>

#include "cli/context.hpp"
#include "os/poll.hpp"

namespace berth::cli {

class Spool {
 public:
  static Result<std::unique_ptr<Spool>> open(const Context& context, client::Api::Recording wanted);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] os::EventFd& grown() { return grown_; }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const Result<>& outcome() const { return outcome_; }  // once it is done

 private:
  Spool(UniqueFd file, os::EventFd grown) : file_(std::move(file)), grown_(std::move(grown)) {}
  UniqueFd file_;
  os::EventFd grown_;
  std::atomic<bool> stop_ = false, done_ = false;
  Result<> outcome_;  // written before done_
  std::thread thread_;
};

}  // namespace berth::cli
