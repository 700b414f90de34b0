#include "guest/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

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

}  // namespace

Result<Child> SystemProcesses::start(const wire::StartProcess& request) {
  TRY_ASSIGN(auto user, resolve_user(user_, request.user()));
  TRY_ASSIGN(auto launch, plan_launch(request, user));
  launch.spec.reset_signals = changed_signals_;
  if (user.uid != user_.uid) launch.spec.user = {user.uid, user.gid};
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
