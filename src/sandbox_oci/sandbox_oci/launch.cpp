#include "sandbox_oci/launch.hpp"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/check.hpp"
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "os/poll.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox_oci/layout.hpp"

namespace berth::sandbox_oci {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t log_tail_bytes = 1024;
// High, where no runtime puts a descriptor of its own. Each closes what it does not know before it becomes init.
constexpr int lock_descriptor = 63;
constexpr std::uint64_t channel_token = 1;
constexpr std::uint64_t runtime_token = 2;

struct Ends {
  UniqueFd to_init, from_init;  // ours
  UniqueFd init_in, init_out;   // init's
};

Result<Ends> make_channel(const sandbox::Spec& spec) {
  Ends ends;
  if (spec.runtime_kind == "runsc") {
    TRY_ASSIGN(auto in, os::make_pipe());
    TRY_ASSIGN(auto out, os::make_pipe());
    ends = {std::move(in.write), std::move(out.read), std::move(in.read), std::move(out.write)};
    return ends;
  }
  TRY_ASSIGN(auto pair, os::socket_pair());
  TRY_ASSIGN(ends.to_init, os::duplicate(pair.first.get()));
  TRY_ASSIGN(ends.init_in, os::duplicate(pair.second.get()));
  ends.from_init = std::move(pair.first);
  ends.init_out = std::move(pair.second);
  return ends;
}

std::unexpected<Error> failure(const sandbox::Spec& spec, Code code, std::string message, const std::string& what) {
  const Layout layout(spec.dir);
  std::string said = what;
  for (const auto& path : {layout.runtime_log, layout.init_log}) {
    if (auto text = log_tail(path); !text.empty()) said += "; " + path.filename().string() + ": " + text;
  }
  return pass(Error{.code = code,
                    .message = std::move(message),
                    .hint = "The server's log has what the runtime said; \"berth doctor\" checks the machine.",
                    .operation = spec.runtime_kind + " run",
                    .subject = std::move(said)});
}

std::unexpected<Error> failed_to_start(const sandbox::Spec& spec, const std::string& what) {
  return failure(spec, Code::Unavailable, "The sandbox did not start.", what);
}

Result<int> read_pid(const std::filesystem::path& path) {
  TRY_ASSIGN(auto text, os::read_file(path, 64));
  int pid = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), pid).ec != std::errc{} || pid <= 0) {
    return pass(Error{.code = Code::Internal,
                      .message = "The runtime wrote no process number.",
                      .operation = "read pid",
                      .subject = path.string()});
  }
  return pid;
}

milliseconds left_until(Clock::time_point deadline) {
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(deadline - Clock::now()));
}

// Waits until init has written and the runtime has ended well. Both are watched: a runtime that was killed may leave an
// init that waits for ever, and init may end before the runtime says why.
Result<> await_first_byte(const sandbox::Spec& spec, int from_init, os::Process& runtime, Clock::time_point deadline) {
  TRY_ASSIGN(auto epoll, os::Epoll::open());
  TRY(epoll.add(from_init, EPOLLIN | EPOLLRDHUP, channel_token));
  if (runtime.pidfd() >= 0) TRY(epoll.add(runtime.pidfd(), EPOLLIN, runtime_token));
  bool first_byte = false;
  while (runtime.running() || !first_byte) {
    epoll_event events[2];
    TRY_ASSIGN(auto ready, epoll.wait(events, left_until(deadline)));
    if (ready.empty() && Clock::now() >= deadline) {
      return failure(spec, Code::Timeout, "The sandbox did not start in time.", "no answer from init");
    }
    for (const auto& event : ready) {
      if (event.data.u64 == runtime_token) continue;
      if ((event.events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0) {
        TRY_ASSIGN(auto exit,
                   runtime.running() ? runtime.wait_for(left_until(deadline)) : Result<std::optional<Exit>>{});
        return failed_to_start(spec, "init ended" + (exit ? ", runtime " + to_string(*exit) : ""));
      }
      first_byte = true;
      TRY(epoll.remove(from_init));
    }
    if (!runtime.running()) continue;
    TRY_ASSIGN(auto exit,
               first_byte&& runtime.pidfd() < 0 ? runtime.wait_for(left_until(deadline)) : runtime.try_wait());
    if (!exit) continue;
    if (*exit != Exit{Exited{0}}) return failed_to_start(spec, "runtime " + to_string(*exit));
    if (runtime.pidfd() >= 0) TRY(epoll.remove(runtime.pidfd()));
  }
  return {};
}

}  // namespace

std::string log_tail(const std::filesystem::path& path) {
  auto file = os::open_read(path);
  if (!file) return {};
  auto state = os::stat_fd(file->get());
  if (!state) return {};
  const auto size = static_cast<std::uint64_t>(state->st_size);
  std::string text(std::min<std::uint64_t>(size, log_tail_bytes), '\0');
  auto got = os::pread_full(file->get(), text, size - text.size());
  text.resize(got.value_or(0));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<std::string> run_command(const sandbox::Spec& spec, RunMode mode) {
  const Layout layout(spec.dir);
  std::vector<std::string> argv{spec.runtime.string()};
  argv.insert(argv.end(), spec.runtime_flags.begin(), spec.runtime_flags.end());
  argv.insert(argv.end(), {"--root", layout.state.string(), "--log"});
  if (spec.runtime_kind == "runsc") {
    // exclusive: nothing but the sandbox writes its files while it runs, so gVisor may cache them
    argv.insert(argv.end(), {layout.runtime_log.string(), "--oci-seccomp", "--file-access=exclusive",
                             "--file-access-mounts=exclusive"});
  } else {
    argv.push_back((spec.runtime_kind == "crun" ? "file:" : "") + layout.runtime_log.string());
  }
  argv.push_back("run");
  if (mode == RunMode::Detached) argv.push_back("--detach");
  argv.insert(argv.end(), {"--bundle", layout.bundle.string(), "--pid-file", layout.pid_file.string(), spec.id});
  return argv;
}

Result<sandbox::Started> launch(const sandbox::Spec& spec, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  const Layout layout(spec.dir);
  TRY_ASSIGN(auto ends, make_channel(spec));
  TRY_ASSIGN(auto log, os::open_append(layout.init_log));
  TRY_ASSIGN(auto lock,
             os::lock_file(layout.lock));  // ours goes with this function, the runtime's with its last process

  os::SpawnSpec command;
  command.argv = run_command(spec);
  command.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  command.cwd = layout.bundle.string();
  command.fds = {{ends.init_in.get(), 0}, {ends.init_out.get(), 1}, {log.get(), 2}, {lock.get(), lock_descriptor}};
  command.new_session = true;
  command.parent_death_signal = SIGKILL;  // a start does not outlive the shim
  TRY_ASSIGN(auto runtime, os::Process::spawn(command));
  ends.init_in.reset();  // so that init's end is seen as the end of the channel
  ends.init_out.reset();

  TRY(await_first_byte(spec, ends.from_init.get(), runtime, deadline));
  TRY_ASSIGN(int pid, read_pid(layout.pid_file));
  sandbox::Started started;
  started.to_init = std::move(ends.to_init);
  started.from_init = std::move(ends.from_init);
  started.pid = pid;
  return started;
}

}  // namespace berth::sandbox_oci
