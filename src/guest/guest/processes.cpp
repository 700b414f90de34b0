#include "guest/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "guest/launch.hpp"
#include "os/children.hpp"
#include "os/file.hpp"
#include "os/proc.hpp"
#include "os/process.hpp"
#include "pty/pty.hpp"
#include "wire/init.pb.h"

namespace berth::guest {
namespace {

constexpr int script_fd = 3;

TerminalSize size_of(const wire::StartProcess& request) {
  const auto clamp = [](std::uint32_t n, std::uint16_t otherwise) {
    return n == 0 ? otherwise : static_cast<std::uint16_t>(std::min<std::uint32_t>(n, 0xffff));
  };
  return {.cols = clamp(request.size().cols(), 80), .rows = clamp(request.size().rows(), 24)};
}

Result<Child> start_on_terminal(os::SpawnSpec& spec, const wire::StartProcess& request) {
  TRY_ASSIGN(auto pty, pty::Pty::open(size_of(request)));
  const int slave = pty.slave.get();
  spec.fds.insert(spec.fds.end(), {{slave, 0}, {slave, 1}, {slave, 2}});
  spec.controlling_terminal = true;
  TRY_ASSIGN(auto process, os::Process::spawn(spec));
  Child child{.pid = process.release()};
  child.terminal = std::move(pty.master);
  child.slave = std::move(pty.slave);
  return child;
}

Result<Child> start_on_pipes(os::SpawnSpec& spec) {
  TRY_ASSIGN(auto in, os::make_pipe());
  TRY_ASSIGN(auto out, os::make_pipe());
  TRY_ASSIGN(auto err, os::make_pipe());
  for (int ours : {in.write.get(), out.read.get(), err.read.get()}) TRY(os::set_nonblocking(ours));
  spec.fds.insert(spec.fds.end(), {{in.read.get(), 0}, {out.write.get(), 1}, {err.write.get(), 2}});
  TRY_ASSIGN(auto process, os::Process::spawn(spec));
  Child child{.pid = process.release()};
  child.input = std::move(in.write);
  child.output = std::move(out.read);
  child.error = std::move(err.read);
  return child;
}

Result<> write_files(const os::Path& directory, const Launch& launch) {
  const auto& owner = launch.spec.user;
  for (const ShellFile& file : launch.files) {
    const os::Path path = directory / file.path;
    TRY(os::make_private_directory(path.parent_path()));
    TRY_ASSIGN(const auto fd, os::create_new(path));
    TRY(os::write_all(fd.get(), with_directory(file.text, directory.string())));
    for (os::Path at = path; owner && at != directory.parent_path(); at = at.parent_path())
      TRY(os::set_owner(at, owner->first, owner->second));
  }
  return {};
}

// Writes the files of shell integration where the shell's user can read and remove them.
Result<> provide_files(Launch& launch, std::uint64_t stream) {
  if (launch.files.empty()) return {};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  Result<> written = fail_errno(ENOENT, "mkdir");
  for (const char* place : {"/run/berth", "/tmp", "/dev/shm"}) {
    const bool ours_alone = std::string_view(place).starts_with("/run");
    if ((ours_alone && launch.spec.user) || !os::stat_path(place)) continue;
    const os::Path directory = os::Path(place) / ("shell-" + std::to_string(stream) + "-" + std::to_string(now));
    written = write_files(directory, launch);
    if (!written) {
      (void)os::remove_tree(directory);
      continue;
    }
    launch.script = with_directory(std::move(launch.script), directory.string());
    for (std::string& entry : launch.spec.env) entry = with_directory(std::move(entry), directory.string());
    break;
  }
  return written;
}

// A sandbox without a place to write has shells without integration.
Result<Launch> prepare(const wire::StartProcess& request, const User& user, const User& current) {
  TRY_ASSIGN(auto launch, plan_launch(request, user));
  if (user.uid != current.uid) launch.spec.user = {user.uid, user.gid};
  if (provide_files(launch, request.stream())) return launch;
  wire::StartProcess plain = request;
  plain.clear_shell();
  TRY_ASSIGN(launch, plan_launch(plain, user));
  if (user.uid != current.uid) launch.spec.user = {user.uid, user.gid};
  return launch;
}

}  // namespace

Result<Child> SystemProcesses::start(const wire::StartProcess& request) {
  TRY_ASSIGN(auto user, resolve_user(user_, request.user()));
  TRY_ASSIGN(auto launch, prepare(request, user, user_));
  launch.spec.reset_signals = changed_signals_;
  std::optional<os::Pipe> script;
  if (!launch.script.empty()) {  // through a pipe: no file that others read, nothing to clean up
    TRY_ASSIGN(script, os::make_pipe(O_NONBLOCK));
    TRY(os::write_all(script->write.get(), launch.script));
    script->write.reset();
    TRY(os::set_nonblocking(script->read.get(), false));
    launch.spec.fds.push_back({script->read.get(), script_fd});
  }
  return request.pty() ? start_on_terminal(launch.spec, request) : start_on_pipes(launch.spec);
}

void SystemProcesses::signal(pid_t target, int signal) {
  if (target != 0 && target != -1) os::signal_any(target, signal);
}

// As PID 1 the whole namespace; elsewhere (tests) what descends from us, each with its group.
void SystemProcesses::signal_all(int signal) {
  if (::getpid() == 1) {
    os::signal_any(-1, signal);
    return;
  }
  const auto all = os::list_processes();
  if (!all) return;
  std::map<pid_t, pid_t> parents;
  for (pid_t pid : *all)
    if (const auto stat = os::read_stat(pid)) parents[pid] = stat->parent;
  for (const auto& [pid, parent] : parents) {
    pid_t above = parent;
    for (int depth = 0; depth < 256 && above > 1 && above != ::getpid(); ++depth) above = parents[above];
    if (above == ::getpid()) os::signal_any(pid, signal);
  }
}

std::optional<std::pair<pid_t, Exit>> SystemProcesses::reap() { return os::reap_any(); }

bool SystemProcesses::none_left() { return !os::has_children(); }

}  // namespace berth::guest
