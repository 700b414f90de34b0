#include "os/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/check.hpp"
#include "os/after_fork.hpp"
#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

constexpr int first_free_fd = 64;  // targets are below

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

Result<UniqueFd> high_copy(int fd) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, first_free_fd);
  if (copy < 0) return fail_errno(errno, "fcntl F_DUPFD_CLOEXEC", "fd " + std::to_string(fd));
  return UniqueFd{copy};
}

struct Descriptors {
  std::vector<UniqueFd> held;
  std::vector<FdMove> moves;
};

// A source that is above every target stays as it is; another is copied out of the way of the dup2s.
Result<Descriptors> plan_descriptors(const std::vector<FdMap>& wanted) {
  Descriptors out;
  int highest = 2;
  for (const FdMap& map : wanted) highest = std::max(highest, map.child);
  auto add = [&](int ours, int child) -> Result<> {
    if (ours > highest) {
      out.moves.push_back({ours, child});
      return {};
    }
    TRY_ASSIGN(auto copy, high_copy(ours));
    out.moves.push_back({copy.get(), child});
    out.held.push_back(std::move(copy));
    return {};
  };
  std::optional<UniqueFd> null;
  for (int standard = 0; standard < 3; ++standard) {
    if (std::ranges::any_of(wanted, [&](const FdMap& map) { return map.child == standard; })) continue;
    if (!null) {
      TRY_ASSIGN(null, open_flags("/dev/null", O_RDWR));
    }
    TRY(add(null->get(), standard));
  }
  if (null) out.held.push_back(*std::move(null));
  for (const FdMap& map : wanted) {
    BERTH_CHECK(map.child >= 0 && map.child < first_free_fd);
    TRY(add(map.ours, map.child));
  }
  return out;
}

// No signal may be handled in the child while it shares our memory.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Alone in a function of its own: the child returns into no frame of the parent.
[[gnu::noinline]] pid_t start_child(const ChildPlan& plan) {
  AllSignalsBlocked blocked;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  const pid_t pid = ::vfork();
#pragma clang diagnostic pop
  if (pid == 0) run_child(plan);
  return pid;
}

std::vector<int> all_signals() {
  std::vector<int> out;
  for (int signal = 1; signal < NSIG; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP) out.push_back(signal);
  return out;
}

int reap(pid_t pid) {
  int status = 0;
  (void)retry([&] { return ::waitpid(pid, &status, 0); });
  return status;
}

}  // namespace

Result<Process> Process::spawn(const SpawnSpec& spec) {
  BERTH_CHECK(!spec.argv.empty());
  std::string executable = spec.executable;
  if (executable.empty()) {
    TRY_ASSIGN(executable, find_executable(spec.argv[0], env_value(spec.env, "PATH"), spec.cwd));
  }
  TRY_ASSIGN(auto descriptors, plan_descriptors(spec.fds));
  TRY_ASSIGN(auto report, make_pipe());
  if (std::ranges::any_of(descriptors.moves, [&](const FdMove& move) { return move.child == report.write.get(); })) {
    TRY_ASSIGN(report.write, high_copy(report.write.get()));
  }
  const auto argv = pointers(spec.argv), env = pointers(spec.env);
  const std::vector<int> reset_signals = spec.reset_signals ? *spec.reset_signals : all_signals();
  sigset_t no_signals;
  ::sigemptyset(&no_signals);
  const ChildPlan plan{
      .executable = executable.c_str(),
      .argv = argv.data(),
      .env = env.data(),
      .cwd = spec.cwd.empty() ? nullptr : spec.cwd.c_str(),
      .fds = descriptors.moves,
      .new_session = spec.new_session,
      .controlling_terminal = spec.controlling_terminal,
      .parent_death_signal = spec.parent_death_signal.value_or(0),
      .parent = ::getpid(),
      .umask = spec.umask ? static_cast<int>(*spec.umask) : -1,
      .set_user = spec.user.has_value(),
      .uid = spec.user ? spec.user->first : 0,
      .gid = spec.user ? spec.user->second : 0,
      .set_open_files = spec.open_files.has_value(),
      .open_files_soft = spec.open_files ? spec.open_files->first : 0,
      .open_files_hard = spec.open_files ? spec.open_files->second : 0,
      .reset_signals = reset_signals,
      .report = report.write.get(),
      .signals = &no_signals,
  };
  const pid_t pid = start_child(plan);
  if (pid < 0) return fail_errno(errno, "vfork", executable);
  report.write.reset();
  ChildFailure failure{};
  const ssize_t told = retry([&] { return ::read(report.read.get(), &failure, sizeof failure); });
  if (told == sizeof failure) {
    reap(pid);
    const bool directory = failure.step == ChildStep::Directory;
    return fail_errno(failure.sys_errno, call_name(failure.step), directory ? spec.cwd : executable);
  }
  Process process;
  process.pid_ = pid;
  process.pidfd_ = UniqueFd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  return process;
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  return *this;
}

Process::~Process() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap(pid_);
}

Result<std::optional<Exit>> Process::try_wait() {
  BERTH_CHECK(pid_ > 0);
  int status = 0;
  const pid_t got = retry([&] { return ::waitpid(pid_, &status, WNOHANG); });
  if (got < 0) return fail_errno(errno, "waitpid", std::to_string(pid_));
  if (got == 0) return std::nullopt;
  pid_ = 0;
  return exit_from_wait_status(status);
}

Result<Exit> Process::wait() {
  BERTH_CHECK(pid_ > 0);
  int status = 0;
  if (retry([&] { return ::waitpid(pid_, &status, 0); }) < 0)
    return fail_errno(errno, "waitpid", std::to_string(pid_));
  pid_ = 0;
  return exit_from_wait_status(status);
}

Result<std::optional<Exit>> Process::wait_for(std::chrono::milliseconds timeout) {
  if (!pidfd_) return fail_errno(ENOSYS, "pidfd_open", std::to_string(pid_));
  TRY_ASSIGN(bool ended, wait_ready(pidfd_.get(), POLLIN, timeout));
  if (!ended) return std::nullopt;
  return try_wait();
}

Result<> Process::kill(int signal) {
  if (pid_ <= 0) return {};
  if (::kill(pid_, signal) != 0 && errno != ESRCH) return fail_errno(errno, "kill", std::to_string(pid_));
  return {};
}

pid_t Process::release() {
  pidfd_.reset();
  return std::exchange(pid_, 0);
}

std::vector<int> changed_signals() {
  std::vector<int> out;
  for (int signal : all_signals()) {
    struct sigaction now{};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_DFL) out.push_back(signal);
  }
  return out;
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return fail_errno(errno, "pidfd_open", std::to_string(pid));
  return UniqueFd{fd};
}

Result<> signal_pidfd(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0 && errno != ESRCH)
    return fail_errno(errno, "pidfd_send_signal", std::to_string(signal));
  return {};
}

}  // namespace berth::os
