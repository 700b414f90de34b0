#include "guest/init.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "guest/session.hpp"
#include "os/memory.hpp"
#include "os/poll.hpp"
#include "os/proc.hpp"

namespace berth::guest {
namespace {

enum Token : std::uint64_t { ChannelIn, ChannelOut, Signals, Grace };
constexpr auto grace_after_signal = std::chrono::seconds{5};  // SIGTERM to init itself, as runtimes' `kill` does
constexpr auto grace_after_kill = std::chrono::seconds{1};
constexpr std::uint64_t burst_bytes = 256 << 10;
constexpr auto idle_after = std::chrono::milliseconds{200};

class Init {
 public:
  Init(Channel channel, os::Epoll epoll, os::SignalFd signals, os::TimerFd timer, User user, Files files)
      : channel_(std::move(channel)), epoll_(std::move(epoll)), signals_(std::move(signals)), timer_(std::move(timer)),
        processes_(user), session_(channel_, epoll_, processes_, std::move(files)), user_(std::move(user)) {}

  // Every process is killed on the way out.
  Result<> run() {
    auto done = loop();
    processes_.signal_all(SIGKILL);
    while (processes_.reap()) {}
    return done;
  }

 private:
  Result<> loop() {
    TRY(epoll_.add(channel_.in(), EPOLLIN, ChannelIn));
    if (channel_.out() != channel_.in()) TRY(epoll_.add(channel_.out(), 0, ChannelOut));
    TRY(epoll_.add(signals_.fd(), EPOLLIN, Signals));
    TRY(epoll_.add(timer_.fd(), EPOLLIN, Grace));
    session_.send_ready(user_);
    std::array<epoll_event, 64> events;
    while (!ended_) {
      TRY(channel_.flush());
      TRY(session_.channel_drained());
      if (session_.over() && channel_.waiting() == 0) return {};
      TRY(watch_channel());
      const bool after_burst = !channel_.refused() && channel_.moved() - rested_at_ > burst_bytes;
      TRY_ASSIGN(auto ready, epoll_.wait(events, patience(after_burst)));
      if (after_burst && ready.empty()) rest();
      for (const epoll_event& event : ready) TRY(dispatch(event));
    }
    return {};
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> patience(bool after_burst) const {
    if (channel_.refused()) return Channel::refused_retry;
    return after_burst ? std::optional(idle_after) : std::nullopt;
  }

  // An idle sandbox costs little: what a burst of output needed goes back.
  void rest() {
    rested_at_ = channel_.moved();
    os::return_free_memory();
  }

  Result<> dispatch(const epoll_event& event) {
    switch (event.data.u64) {
      case ChannelIn: return on_channel();
      case ChannelOut:  // flushed at the top of the loop
        if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) ended_ = true;
        return {};
      case Signals: return on_signals();
      case Grace: return on_grace();
      default: return session_.ready(event.data.u64);
    }
  }

  Result<> on_channel() {
    TRY_ASSIGN(bool open, channel_.receive());
    TRY(session_.handle_frames());
    if (!open) ended_ = true;
    if (auto grace = session_.shutdown_grace_ms(); grace && !shutting_down_)
      return begin_grace(std::chrono::milliseconds{*grace});
    return {};
  }

  Result<> on_signals() {
    bool children = false;
    for (;;) {
      TRY_ASSIGN(auto signal, signals_.next());
      if (!signal) break;
      if (*signal == SIGCHLD) {
        children = true;
      } else if (!shutting_down_) {
        session_.begin_shutdown();
        TRY(begin_grace(grace_after_signal));
      }
    }
    return children ? session_.reap() : Result<>{};
  }

  Result<> begin_grace(std::chrono::milliseconds grace) {
    shutting_down_ = true;
    return timer_.arm(grace);
  }

  // First everything is killed; if even that is not over in time, we go.
  Result<> on_grace() {
    timer_.clear();
    if (killed_) ended_ = true;
    killed_ = true;
    processes_.signal_all(SIGKILL);
    return timer_.arm(grace_after_kill);
  }

  // Reads no requests while answers pile up; asks for EPOLLOUT only while something waits.
  Result<> watch_channel() {
    const std::uint32_t in = channel_.overloaded() ? 0u : EPOLLIN;
    const std::uint32_t out = channel_.waiting() > 0 && !channel_.refused() ? EPOLLOUT : 0u;
    if (channel_.in() == channel_.out()) return change(channel_.in(), in | out, ChannelIn, in_watched_);
    TRY(change(channel_.in(), in, ChannelIn, in_watched_));
    return change(channel_.out(), out, ChannelOut, out_watched_);
  }

  Result<> change(int fd, std::uint32_t wanted, Token token, std::uint32_t& watched) {
    if (wanted == watched) return {};
    watched = wanted;
    return epoll_.modify(fd, wanted, token);
  }

  Channel channel_;
  os::Epoll epoll_;
  os::SignalFd signals_;
  os::TimerFd timer_;
  SystemProcesses processes_;
  Session session_;
  User user_;
  std::uint64_t rested_at_ = 0;
  std::uint32_t in_watched_ = EPOLLIN, out_watched_ = 0;
  bool shutting_down_ = false, killed_ = false, ended_ = false;
};

Result<> start_and_run(UniqueFd in, UniqueFd out) {
  TRY(os::forbid_dumps());
  TRY(os::become_subreaper());
  os::ignore_signal(SIGPIPE);
  ::umask(0);
  TRY_ASSIGN(auto signals, os::SignalFd::open({SIGCHLD, SIGTERM, SIGINT, SIGHUP}));
  TRY_ASSIGN(auto epoll, os::Epoll::open());
  TRY_ASSIGN(auto timer, os::TimerFd::open());
  TRY_ASSIGN(auto channel, Channel::open(std::move(in), std::move(out)));
  User user = current_user();
  TRY_ASSIGN(auto files, Files::open("/", user.home));
  Init init(std::move(channel), std::move(epoll), std::move(signals), std::move(timer), std::move(user), std::move(files));
  return init.run();
}

}  // namespace

int run(UniqueFd in, UniqueFd out) {
  const auto done = start_and_run(std::move(in), std::move(out));
  if (done) return 0;
  std::fprintf(stderr, "berth-init: %s\n", done.error().describe().c_str());
  return 1;
}

}  // namespace berth::guest
