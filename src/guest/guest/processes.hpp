#pragma once
// Starting, signalling and reaping: the seam between init's protocol and the kernel, so that the protocol is fuzzed without
// a process. SystemProcesses is the real one; it is single-threaded and reaps every child of this process.

#include <sys/types.h>

#include <map>
#include <optional>
#include <utility>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "guest/user.hpp"
#include "os/process.hpp"

namespace berth::wire { class StartProcess; }

namespace berth::guest {

struct Child {
  pid_t pid = 0;
  UniqueFd terminal;             // a PTY's master; else the three pipes
  UniqueFd slave;                // held while the program runs: no end of output while it has its terminal closed
  UniqueFd input, output, error;
};

class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<Child> start(const wire::StartProcess& request) = 0;
  virtual void signal(pid_t target, int signal) = 0;  // negative: a process group, as kill(2)
  virtual void signal_all(int signal) = 0;            // everything in the sandbox but us
  virtual std::optional<std::pair<pid_t, Exit>> reap() = 0;
  virtual bool none_left() = 0;
};

class SystemProcesses final : public Processes {
 public:
  explicit SystemProcesses(User user) : user_(std::move(user)), changed_signals_(os::changed_signals()) {}
  Result<Child> start(const wire::StartProcess& request) override;
  void signal(pid_t target, int signal) override;
  void signal_all(int signal) override;
  std::optional<std::pair<pid_t, Exit>> reap() override;
  bool none_left() override;

 private:
  User user_;
  std::vector<int> changed_signals_;  // init changes none later
};

}  // namespace berth::guest
