#pragma once
// Makes journals survive a power loss without stalling a keystroke: fdatasync waits on a thread of its own.
//
// One batch at a time; while one is under way busy() is true and the next is not taken, so that no more than one batch of
// descriptors is held. The owner is told of a failure in its own thread. Destruction waits for the batch.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "os/poll.hpp"
#include "shim/loop.hpp"

namespace berth::shim {

class Syncer {
 public:
  using Failed = std::function<void(const Error& error)>;
  static Result<std::unique_ptr<Syncer>> open(Loop& loop, Failed failed);
  ~Syncer();

  [[nodiscard]] bool busy() const;
  void submit(std::vector<UniqueFd> files);  // not while busy

 private:
  Syncer(os::EventFd event, Failed failed) : event_(std::move(event)), failed_(std::move(failed)) {}
  void run();
  void tell();

  os::EventFd event_;
  Failed failed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<UniqueFd> batch_;    // guarded by mutex_, as all below
  std::optional<Error> error_;
  bool busy_ = false;
  bool stopping_ = false;
  Loop::Watch watch_;
  std::thread thread_;
};

}  // namespace berth::shim
