// What berth-init says. It is a stranger: whatever does not fit ends the sandbox.

#include <csignal>

#include "shim/supervisor.hpp"
#include "wire/frame.hpp"

namespace berth::shim {
namespace {

std::unexpected<Error> broken(std::string what) { return fail(Code::Damaged, std::move(what)); }

}  // namespace

void Supervisor::channel_frame(const wire::FromInit& frame) {
  if (auto handled = handle(frame); !handled)
    end("init_misbehaved", "berth-init broke the protocol: " + handled.error().message + ".");
}

void Supervisor::channel_drained() {
  for (const auto& [id, terminal] : terminals_) terminal->channel_has_room();
}

void Supervisor::channel_ended(Error why) {
  if (why.code == Code::Damaged) return end("init_misbehaved", std::move(why.message));
  auto [code, reason] = cause_of_death();
  end(std::move(code), std::move(reason));
}

Result<> Supervisor::handle(const wire::FromInit& frame) {
  if (phase_ == Phase::Starting && !frame.has_ready()) return broken("a frame before it was ready");
  switch (frame.message_case()) {
    case wire::FromInit::kReady: init_ready(frame.ready()); return {};
    case wire::FromInit::kStarted: return process_started(frame.started());
    case wire::FromInit::kStartFailed: return process_start_failed(frame.start_failed());
    case wire::FromInit::kExit: return process_exited(frame.exit());
    case wire::FromInit::kFile: return file_reply(frame.file());
    case wire::FromInit::kOutput: {
      TRY_ASSIGN(Terminal* terminal, terminal_of(frame.output().stream()));
      return terminal == nullptr ? broken("output after the end of its process") : terminal->output(frame.output());
    }
    case wire::FromInit::kWindow: {
      TRY_ASSIGN(Terminal* terminal, terminal_of(frame.window().stream()));
      return terminal == nullptr ? Result<>{} : terminal->input_window(frame.window());
    }
    case wire::FromInit::kQuiesced: return broken("a quiesce that nobody asked for");
    case wire::FromInit::MESSAGE_NOT_SET: break;
  }
  return broken("an unknown frame");
}

Result<Terminal*> Supervisor::terminal_of(std::uint64_t stream) {
  if (stream == 0 || stream >= next_stream_) return broken("a stream that was never started");
  const auto at = by_stream_.find(stream);
  return at == by_stream_.end() ? nullptr : at->second;
}

Result<> Supervisor::process_started(const wire::Started& frame) {
  TRY_ASSIGN(Terminal* terminal, terminal_of(frame.stream()));
  if (terminal == nullptr) return broken("a start after the end");
  const std::size_t expected = !frame.handed_over() ? 0 : terminal->kind() == TerminalKind::Pty ? 1 : 3;
  // Told first: its output may follow from within started().
  if (!terminal->starting()) return broken("a process that started twice");
  wire::FromShim told;
  told.mutable_started()->set_terminal_id(terminal->id());
  told.mutable_started()->set_pid(frame.pid());
  told.mutable_started()->set_time_ns(loop_->clock().now().time_since_epoch().count());
  audience_->tell(told);
  return terminal->started(frame, channel_->take_descriptors(expected));
}

Result<> Supervisor::process_start_failed(const wire::StartFailed& frame) {
  TRY_ASSIGN(Terminal* terminal, terminal_of(frame.stream()));
  if (terminal == nullptr || !terminal->starting()) return broken("a failed start of what runs");
  if (frame.sys_errno() <= 0 || frame.sys_errno() > 4095) return broken("an error number that cannot be");
  wire::FromShim told;
  told.mutable_start_failed()->set_terminal_id(terminal->id());
  told.mutable_start_failed()->set_sys_errno(frame.sys_errno());
  told.mutable_start_failed()->set_operation(frame.operation().substr(0, 64));
  audience_->tell(told);
  terminal->start_failed({.code = frame.sys_errno() == ENOENT ? 127 : 126});
  return {};
}

Result<> Supervisor::process_exited(const wire::ProcessExit& frame) {
  TRY_ASSIGN(Terminal* terminal, terminal_of(frame.stream()));
  if (terminal == nullptr) return broken("a second exit");
  // An out-of-memory kill that took one process is not what takes the sandbox later.
  if (frame.signal() == SIGKILL)
    if (const auto usage = driver_->usage()) oom_kills_seen_ = usage->oom_kills;
  return terminal->exited(frame);
}

Result<> Supervisor::file_reply(const wire::FileReply& frame) {
  const auto at = file_calls_.find(frame.request());
  if (at == file_calls_.end()) return broken("a reply that nobody waits for");
  const FileCall call = at->second;
  file_calls_.erase(at);
  Connection* connection = audience_->find(call.connection);
  if (connection == nullptr) return {};
  --connection->file_requests;
  wire::FromShim reply;
  *reply.mutable_file() = frame;
  reply.mutable_file()->set_request(call.request);
  if (reply.ByteSizeLong() > wire::max_frame_bytes) {
    reply.mutable_file()->Clear();
    reply.mutable_file()->set_request(call.request);
    reply.mutable_file()->set_sys_errno(EMSGSIZE);
  }
  connection->send(reply);
  return {};
}

}  // namespace berth::shim
