#pragma once
// Child processes that cannot be lost or mistaken: started with everything decided before the fork, known by pidfd (where
// the kernel has it) and reaped exactly once.
//
// Ownership: a Process owns its child. Destroyed before it was waited for, it kills (SIGKILL) and reaps it; release() gives
// that duty up. One thread uses a Process; spawn() may be called from any thread.
// Descriptors: the child has exactly those of `fds`; 0, 1 and 2 are /dev/null unless mapped. All of ours are CLOEXEC.
// Errors: a failure between fork and exec (chdir, exec) comes back over a CLOEXEC pipe as the Result of spawn(), naming the
// call. Signals are reset to their defaults and unblocked in the child.
// The child runs os/after_fork.cpp only, in the memory of the parent (vfork), which waits until it has exec'ed.
//
// Example:
//   TRY_ASSIGN(auto child, os::Process::spawn({.argv = {"sleep", "10"}, .env = os::own_environment()}));
//   TRY_ASSIGN(const auto exit, child.wait_for(std::chrono::seconds{1}));
//   if (!exit) TRY(child.kill(15));

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

struct FdMap { int ours; int child; };

struct SpawnSpec {
  std::vector<std::string> argv;            // at least one
  std::string executable;                   // "" looks argv[0] up in PATH of `env` when it has no slash
  std::vector<std::string> env;             // "NAME=value", all of it
  std::string cwd;                          // "" stays
  std::vector<FdMap> fds;                   // `child` numbers below 64, each once
  bool new_session = false;                 // setsid
  bool controlling_terminal = false;        // TIOCSCTTY on the child's fd 0; with new_session
  std::optional<int> parent_death_signal;   // PR_SET_PDEATHSIG, of the spawning thread
  std::optional<mode_t> umask;
  std::optional<std::pair<uid_t, gid_t>> user;  // no supplementary groups
  std::optional<std::pair<std::uint64_t, std::uint64_t>> open_files;  // RLIMIT_NOFILE soft, hard
  // The signals that are not at their default here, when the caller knows (changed_signals()); else all are reset, one
  // call each, which costs half a millisecond under gVisor.
  std::optional<std::vector<int>> reset_signals;
};

class Process {
 public:
  static Result<Process> spawn(const SpawnSpec& spec);

  Process() = default;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable when it ended; -1 where the kernel has none
  [[nodiscard]] bool running() const { return pid_ > 0; }   // not waited for yet
  Result<std::optional<Exit>> try_wait();                   // empty: still running
  Result<Exit> wait();
  Result<std::optional<Exit>> wait_for(std::chrono::milliseconds timeout);  // empty: still running
  Result<> kill(int signal);                                // already ended is fine
  pid_t release();                                          // somebody else reaps it

 private:
  pid_t pid_ = 0;
  UniqueFd pidfd_;
};

// Where exec would find `name`: with a slash as it is, else in `path` ("a:b"). ENOENT nowhere, EACCES found but not
// executable, so that 127 and 126 are told apart.
Result<std::string> find_executable(const std::string& name, std::string_view path, const std::string& cwd = {});
[[nodiscard]] std::string_view env_value(const std::vector<std::string>& env, std::string_view name);
[[nodiscard]] std::vector<std::string> own_environment();
[[nodiscard]] std::vector<int> changed_signals();  // ignored or handled in this process, now

// A process as it can be written to disk: a pid alone may be another process by now.
struct ProcessIdentity {
  std::string boot_id;
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks after boot, /proc/<pid>/stat field 22

  static Result<ProcessIdentity> of(pid_t pid);
  static Result<ProcessIdentity> self();
  [[nodiscard]] bool verify() const;      // it runs (a zombie does not)
  Result<UniqueFd> open() const;          // a pidfd of exactly this process; NotFound when it is gone
  bool operator==(const ProcessIdentity&) const = default;
};
Result<> signal_pidfd(int pidfd, int signal);  // gone already is fine
Result<UniqueFd> open_pidfd(pid_t pid);

struct RunOptions {
  std::string input;
  std::chrono::milliseconds timeout{60'000};
  std::size_t output_limit = 1 << 20;  // of each of stdout and stderr; what is beyond is read and dropped
};
struct RunResult {
  Exit exit;
  std::string out;
  std::string err;
  bool truncated = false;
};
// Runs to the end and captures. Timeout: the child's session is killed and the error is Code::Timeout. fds of `spec`
// besides 0, 1 and 2 are passed on.
Result<RunResult> run(SpawnSpec spec, RunOptions options = {});
Result<RunResult> run(std::vector<std::string> argv, RunOptions options = {});  // with our own environment

}  // namespace berth::os
