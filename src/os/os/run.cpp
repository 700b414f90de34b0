// Run to the end: feeds input and takes both outputs at once, so that neither side waits for the other.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/file.hpp"
#include "os/process.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

using Clock = std::chrono::steady_clock;

class Exchange {
 public:
  Exchange(const RunOptions& options, RunResult& result) : options_(options), result_(result) {}

  UniqueFd input, out, err;

  // True when the child closed both outputs, false at the deadline.
  Result<bool> pump(Clock::time_point deadline) {
    while (out || err) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return false;
      std::array<pollfd, 3> fds{{{input.get(), POLLOUT, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), static_cast<int>(std::min<long long>(left, 1 << 30))) < 0 && errno != EINTR)
        return fail_errno(errno, "poll");
      if (fds[0].revents != 0) feed();
      if (fds[1].revents != 0) TRY(take(out, result_.out));
      if (fds[2].revents != 0) TRY(take(err, result_.err));
    }
    return true;
  }

 private:
  void feed() {
    const std::string_view rest = std::string_view(options_.input).substr(fed_);
    const auto n = rest.empty() ? Result<std::optional<std::size_t>>{0} : write_some(input.get(), rest);
    if (n && *n) fed_ += **n;
    if (!n || fed_ == options_.input.size()) input.reset();  // a child that closed its input has had enough
  }

  Result<> take(UniqueFd& from, std::string& into) {
    std::array<char, 16384> chunk;
    TRY_ASSIGN(auto n, read_some(from.get(), chunk));
    if (!n) return {};
    if (*n == 0) from.reset();
    const std::size_t room = options_.output_limit - into.size();
    if (*n > room) result_.truncated = true;
    into.append(chunk.data(), std::min(*n, room));
    return {};
  }

  const RunOptions& options_;
  RunResult& result_;
  std::size_t fed_ = 0;
};

struct SigpipeBlocked {  // a child that does not read its input must not end us
  SigpipeBlocked() {
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  }
  ~SigpipeBlocked() {
    const timespec now{};
    if (::sigismember(&before, SIGPIPE) == 0) (void)retry([&] { return ::sigtimedwait(&pipe, nullptr, &now); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;
  sigset_t pipe{}, before{};
};

}  // namespace

Result<RunResult> run(SpawnSpec spec, RunOptions options) {
  SigpipeBlocked no_sigpipe;
  const auto deadline = Clock::now() + options.timeout;
  RunResult result;
  Exchange exchange(options, result);
  TRY_ASSIGN(auto in, make_pipe());
  TRY_ASSIGN(auto out, make_pipe());
  TRY_ASSIGN(auto err, make_pipe());
  std::erase_if(spec.fds, [](const FdMap& map) { return map.child < 3; });
  spec.fds.insert(spec.fds.end(), {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}});
  spec.new_session = true;
  TRY_ASSIGN(auto child, Process::spawn(spec));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  TRY(set_nonblocking(in.write.get()));
  exchange.input = std::move(in.write);
  exchange.out = std::move(out.read);
  exchange.err = std::move(err.read);

  TRY_ASSIGN(bool closed, exchange.pump(deadline));
  std::optional<Exit> exit;
  if (closed) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    TRY_ASSIGN(exit, child.wait_for(std::max(left, std::chrono::milliseconds{0})));
  }
  if (!exit) {
    ::kill(-child.pid(), SIGKILL);
    TRY(child.wait());
    return pass(Error{.code = Code::Timeout, .message = "The command did not end in time.", .operation = "run",
                      .subject = spec.argv[0]});
  }
  result.exit = *exit;
  return result;
}

Result<RunResult> run(std::vector<std::string> argv, RunOptions options) {
  SpawnSpec spec;
  spec.argv = std::move(argv);
  spec.env = own_environment();
  return run(std::move(spec), std::move(options));
}

}  // namespace berth::os
