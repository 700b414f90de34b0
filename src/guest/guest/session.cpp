#include "guest/session.hpp"

#include <signal.h>

#include <algorithm>

#include "os/file.hpp"
#include "pty/pty.hpp"

namespace berth::guest {
namespace {

std::unexpected<Error> broken(std::string what) { return fail(Code::Damaged, std::move(what)); }

std::uint16_t clamp_size(std::uint32_t n) { return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(n, 1, 0xffff)); }

}  // namespace

void Session::send_ready(const User& user) {
  wire::FromInit message;
  wire::Ready& ready = *message.mutable_ready();
  ready.set_version(1);
  ready.set_uid(user.uid);
  ready.set_home(user.home);
  ready.set_shell(user.shell);
  channel_.send(message);
}

Result<> Session::handle_frames() {
  while (auto frame = channel_.next_frame()) {
    wire::ToInit message;
    TRY(wire::parse_frame(*frame, message));
    TRY(handle(message));
  }
  return {};
}

Result<> Session::handle(const wire::ToInit& message) {
  switch (message.message_case()) {
    case wire::ToInit::kStart: return start(message.start());
    case wire::ToInit::kInput:
      if (Stream* stream = find(message.input().stream())) {
        TRY(stream->input(message.input().offset(), message.input().data()));
        return settle(*stream);
      }
      return {};
    case wire::ToInit::kCloseInput:
      if (Stream* stream = find(message.close_input().stream())) {
        stream->close_input();
        return settle(*stream);
      }
      return {};
    case wire::ToInit::kResize: {
      Stream* stream = find(message.resize().stream());
      const wire::Size& size = message.resize().size();
      if (stream == nullptr || stream->terminal() < 0) return {};
      (void)pty::set_size(stream->terminal(), {.cols = clamp_size(size.cols()), .rows = clamp_size(size.rows())});
      // gVisor sets the size and tells nobody. Where the kernel does, the program hears the same twice.
      if (stream->running()) processes_.signal(foreground(*stream), SIGWINCH);
      return {};
    }
    case wire::ToInit::kSignal: signal(message.signal()); return {};
    case wire::ToInit::kWindow:
      if (Stream* stream = find(message.window().stream())) {
        stream->grant(message.window().limit());
        return settle(*stream);
      }
      return {};
    case wire::ToInit::kQuiesce: return quiesce();
    case wire::ToInit::kResume: return resume(message.resume());
    case wire::ToInit::kShutdown:
      if (!shutdown_grace_ms_) shutdown_grace_ms_ = message.shutdown().grace_ms();
      begin_shutdown();
      return {};
    case wire::ToInit::kFile: {
      wire::FromInit reply;
      *reply.mutable_file() = files_.answer(message.file());
      channel_.send(reply);
      return {};
    }
    case wire::ToInit::MESSAGE_NOT_SET: return broken("A frame holds no request that init knows.");
  }
  return {};
}

Result<> Session::start(const wire::StartProcess& request) {
  if (quiesced_) {
    if (deferred_.size() >= max_deferred) return broken("Too many processes are to start while init is quiesced.");
    deferred_.push_back(request);
    return {};
  }
  if (find(request.stream()) != nullptr) return broken("A stream number is used twice.");
  const auto refuse = [&](int sys_errno, const char* operation) {
    start_failed(request.stream(), Error{.operation = operation, .sys_errno = sys_errno});
    return Result<>{};
  };
  if (streams_.size() >= max_streams) return refuse(EAGAIN, "streams");
  if (shutdown_grace_ms_) return refuse(ECANCELED, "shutdown");
  if (request.hand_over() && !channel_.passes_descriptors()) return refuse(EOPNOTSUPP, "hand_over");
  auto child = processes_.start(request);
  if (!child) {
    start_failed(request.stream(), child.error());
    return {};
  }
  started(request.stream(), *std::move(child), request.hand_over());
  return settle(*find(request.stream()));
}

void Session::started(std::uint64_t id, Child child, bool hand_over) {
  wire::FromInit message;
  message.mutable_started()->set_stream(id);
  message.mutable_started()->set_pid(child.pid);
  std::vector<UniqueFd> passed;
  if (hand_over && child.terminal) {
    if (auto copy = os::duplicate(child.terminal.get())) passed.push_back(*std::move(copy));
  } else if (hand_over) {
    for (UniqueFd* fd : {&child.input, &child.output, &child.error}) passed.push_back(std::move(*fd));
  }
  message.mutable_started()->set_handed_over(static_cast<int>(passed.size()));
  const pid_t pid = child.pid;
  streams_.try_emplace(id, id, next_token_, std::move(child), !passed.empty());
  by_token_[next_token_] = id;
  by_pid_[pid] = id;
  next_token_ += Stream::tokens_per_stream;
  channel_.send(message, std::move(passed));
}

void Session::start_failed(std::uint64_t id, const Error& error) {
  wire::FromInit message;
  message.mutable_start_failed()->set_stream(id);
  message.mutable_start_failed()->set_sys_errno(error.sys_errno != 0 ? error.sys_errno : EIO);
  message.mutable_start_failed()->set_operation(error.operation);
  channel_.send(message);
}

// As kill(2) takes a group. The program is its session's leader, so its own group has its number.
pid_t Session::foreground(const Stream& stream) {
  const auto group = stream.terminal() >= 0 ? pty::foreground_group(stream.terminal()) : Result<pid_t>{0};
  return group && *group > 1 ? -*group : -stream.pid();
}

void Session::signal(const wire::Signal& request) {
  Stream* stream = find(request.stream());
  if (stream == nullptr || request.signal() < 1 || request.signal() > SIGRTMAX || !stream->running()) return;
  processes_.signal(request.group() ? foreground(*stream) : stream->pid(), request.signal());
}

Result<> Session::quiesce() {
  if (quiesced_) return broken("Quiesce came twice.");
  quiesced_ = true;
  wire::FromInit message;
  wire::Quiesced& quiesced = *message.mutable_quiesced();
  for (auto& [id, stream] : streams_) {
    TRY(settle(stream));
    if (!stream.handed_over()) stream.describe(*quiesced.add_positions());
  }
  channel_.send(message);
  return {};
}

Result<> Session::resume(const wire::Resume& request) {
  if (!quiesced_) return broken("Resume came without Quiesce.");
  quiesced_ = false;
  for (const wire::Position& position : request.positions()) {
    Stream* stream = find(position.stream());
    if (stream == nullptr || stream->handed_over()) continue;
    TRY(stream->resend(position.output(), position.error(), channel_));
  }
  TRY(settle_all());
  for (const wire::StartProcess& waiting : std::exchange(deferred_, {})) TRY(start(waiting));
  return {};
}

void Session::begin_shutdown() {
  if (!shutdown_grace_ms_) shutdown_grace_ms_ = 0;
  processes_.signal_all(SIGTERM);
  for (const auto& [id, stream] : streams_)  // shells ignore SIGTERM and heed the loss of their terminal
    if (stream.terminal() >= 0) processes_.signal(-stream.pid(), SIGHUP);
  processes_.signal_all(SIGCONT);
}

Result<> Session::ready(std::uint64_t token) {
  const auto found = by_token_.find(token - token % Stream::tokens_per_stream);
  if (found == by_token_.end()) return {};  // ended earlier in the same round
  return settle(streams_.at(found->second));
}

Result<> Session::reap() {
  while (auto ended = processes_.reap()) {
    const auto found = by_pid_.find(ended->first);
    if (found == by_pid_.end()) continue;  // an orphan that came to us
    Stream& stream = streams_.at(found->second);
    by_pid_.erase(found);
    stream.ended(ended->second);
    TRY(settle(stream));
  }
  return {};
}

Result<> Session::channel_drained() {
  if (!starved_ || channel_.congested()) return {};
  starved_ = false;
  return settle_all();
}

Result<> Session::settle(Stream& stream) {
  if (!quiesced_) stream.move_bytes(channel_);
  if (channel_.congested()) starved_ = true;
  if (quiesced_ || !stream.finished()) return stream.watch(epoll_, !quiesced_, channel_.congested());
  stream.unwatch(epoll_);
  stream.send_exit(channel_);
  by_token_.erase(stream.token());
  streams_.erase(stream.id());
  return {};
}

Result<> Session::settle_all() {
  for (auto next = streams_.begin(); next != streams_.end();) {
    Stream& stream = next->second;
    ++next;
    TRY(settle(stream));
  }
  return {};
}

Stream* Session::find(std::uint64_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

}  // namespace berth::guest
