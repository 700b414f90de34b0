#pragma once
// Looks after the journals on disk while the server runs: compresses segments that are finished, keeps owners within their
// limit, and removes checkpoints of screens whose output is gone.
//
// One look at a time, on one thread of the pool. A terminal that ended and was done is not looked at again. Over an owner's
// limit the oldest terminals lose their oldest segments first, and each keeps its newest. What fails is logged and tried with
// the next look; a damaged segment stays as it is. run() on any executor; stop() from any thread ends a look between steps.

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <map>
#include <string>

#include "aio/pool.hpp"
#include "control/domain.hpp"

namespace berth::control {

class JournalKeeper {
 public:
  JournalKeeper(Domain& domain, aio::Pool& pool) : domain_(domain), pool_(pool) {}

  boost::asio::awaitable<void> run();  // until cancelled: looks each journal.keep_ms
  boost::asio::awaitable<Result<>> look();
  void stop() { stopping_ = true; }

 private:
  struct Known {
    store::TerminalRow row;
    std::uint64_t bytes = 0;
    bool done = false;  // it has ended, and nothing is left to compress
  };
  Result<> keep_all();  // on the pool, as all below
  Result<> keep(Known& known) const;
  Result<> keep_owners();

  Domain& domain_;
  aio::Pool& pool_;
  std::map<std::string, Known> known_;  // by the directory's name; one look at a time has it
  std::atomic<bool> stopping_ = false;
};

}  // namespace berth::control
