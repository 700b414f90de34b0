// What servers ask for. They proved that they know the secret; what they ask is still checked before it is done.

#include <cerrno>

#include "shim/supervisor.hpp"
#include "wire/frame.hpp"

namespace berth::shim {
namespace {

constexpr std::uint32_t max_side = 0xffff;
constexpr int max_signal = 64;

std::uint16_t side(std::uint32_t value, std::uint16_t otherwise) {
  return value == 0 || value > max_side ? otherwise : static_cast<std::uint16_t>(value);
}

TerminalSize size_of(const wire::Size& size) { return {.cols = side(size.cols(), 80), .rows = side(size.rows(), 24)}; }

int errno_of(const Error& error) { return error.sys_errno != 0 ? error.sys_errno : EIO; }

std::optional<TerminalSize> first_size(const wire::StartProcess& process) {
  if (!process.pty() || !process.has_size()) return std::nullopt;
  return TerminalSize{.cols = static_cast<std::uint16_t>(std::min(process.size().cols(), 0xffffu)),
                      .rows = static_cast<std::uint16_t>(std::min(process.size().rows(), 0xffffu))};
}

// The sandbox's environment, under the process's own.
void add_environment(const wire::ShimSpec& spec, wire::StartProcess& process) {
  const auto own = process.env();
  for (const auto& variable : spec.env()) {
    bool overridden = false;
    for (const auto& other : own) overridden = overridden || other.name() == variable.name();
    if (!overridden) *process.add_env() = variable;
  }
}

}  // namespace

void Supervisor::server_came(Connection& connection) { connection.send(welcome()); }

wire::FromShim Supervisor::welcome() const {
  wire::FromShim frame;
  wire::Welcome& welcome = *frame.mutable_welcome();
  welcome.set_sandbox_id(spec_.sandbox_id());
  welcome.set_started_ns(started_ns_);
  welcome.set_cgroup(spec_.cgroup_parent() + "/" + spec_.sandbox_id());
  welcome.set_channel(driver_->channel() == sandbox::Channel::PtyHandover ? "pty_handover" : "in_band");
  welcome.set_paused(paused_);
  for (const auto& state : ended_) *welcome.add_terminals() = state;
  for (const auto& [id, terminal] : terminals_) *welcome.add_terminals() = terminal->state();
  return frame;
}

void Supervisor::server_went(const Connection& connection) {
  // Replies that are on the way find nobody; their numbers stay known until init answered.
  log_.debug("server went", {{"connection", connection.number()}});
}

void Supervisor::server_missed(Connection& connection, const std::set<std::string>& terminals) {
  for (const auto& id : terminals) {
    const Terminal* terminal = find(id);
    if (terminal == nullptr) continue;  // its exit told the end
    wire::FromShim frame;
    frame.mutable_output()->set_terminal_id(id);
    frame.mutable_output()->set_offset(terminal->state().end());
    frame.mutable_output()->set_time_ns(loop_->clock().now().time_since_epoch().count());
    connection.send(frame);
  }
}

void Supervisor::server_frame(Connection& connection, const wire::ToShim& frame) {
  if (phase_ == Phase::Ending || phase_ == Phase::Done) return;
  if (frame.has_stop()) {
    const std::uint32_t grace = frame.stop().grace_ms() != 0 ? frame.stop().grace_ms() : spec_.stop_grace_ms();
    return stop(std::chrono::milliseconds{grace});
  }
  if (phase_ == Phase::Starting) return connection.close("a request before the welcome");
  switch (frame.message_case()) {
    case wire::ToShim::kStart: return start_terminal(frame.start());
    case wire::ToShim::kInput: return terminal_input(connection, frame.input());
    case wire::ToShim::kCloseInput:
      if (Terminal* terminal = find(frame.close_input().terminal_id())) terminal->close_input();
      return;
    case wire::ToShim::kResize:
      if (Terminal* terminal = find(frame.resize().terminal_id())) terminal->resize(size_of(frame.resize().size()));
      return;
    case wire::ToShim::kSignal: return terminal_signal(frame.signal());
    case wire::ToShim::kFile: return file_request(connection, frame.file());
    case wire::ToShim::kPause: return pause(connection, frame.pause());
    case wire::ToShim::kStop:
    case wire::ToShim::kProof:
    case wire::ToShim::MESSAGE_NOT_SET: return;
  }
}

Terminal* Supervisor::find(const std::string& id) {
  const auto at = terminals_.find(id);
  return at == terminals_.end() ? nullptr : at->second.get();
}

void Supervisor::start_terminal(const wire::StartTerminal& request) {
  std::string operation;
  const auto started = try_start_terminal(request, operation);
  if (started) return;
  log_.warning("terminal not started", {{"terminal", request.terminal_id()}, {"error", started.error()}});
  wire::FromShim frame;
  frame.mutable_start_failed()->set_terminal_id(request.terminal_id());
  frame.mutable_start_failed()->set_sys_errno(errno_of(started.error()));
  frame.mutable_start_failed()->set_operation(operation);
  audience_->tell(frame);
}

Result<> Supervisor::try_start_terminal(const wire::StartTerminal& request, std::string& operation) {
  operation = "start";
  const auto id = TerminalId::parse(request.terminal_id());
  if (!id) return fail_errno(EINVAL, operation);
  if (phase_ != Phase::Running) return fail_errno(ECANCELED, operation);
  if (terminals_.contains(id->str())) return fail_errno(EEXIST, operation);
  if (terminals_.size() >= max_terminals || channel_->full()) return fail_errno(EAGAIN, operation);
  const bool in_band = driver_->channel() == sandbox::Channel::InBand;
  wire::ToInit frame;
  wire::StartProcess& process = *frame.mutable_start();
  process = request.process();
  process.set_stream(next_stream_);
  process.set_hand_over(!in_band);
  add_environment(spec_, process);
  if (frame.ByteSizeLong() > wire::max_frame_bytes) return fail_errno(E2BIG, operation);

  operation = "journal";
  TRY_ASSIGN(auto key, journal::Key::from(request.journal_key()));
  TRY_ASSIGN(auto writer, journal::Writer::create(std::filesystem::path(spec_.terminals_dir()) / id->str(), *id,
                                                  {.segment_bytes = spec_.journal_segment_bytes(),
                                                   .max_bytes = request.journal_max_bytes(),
                                                   .key = std::move(key)},
                                                  loop_->clock().now()));
  const Terminal::Config config{.id = *id,
                                .stream = next_stream_++,
                                .kind = process.pty() ? TerminalKind::Pty : TerminalKind::Pipes,
                                .in_band = in_band,
                                .keep_input = request.record_input() ? KeepInput::Echoed : KeepInput::None,
                                .size = first_size(process)};
  Terminal::Owner& owner = *this;
  auto terminal = std::make_unique<Terminal>(*loop_, owner, config, std::move(writer));
  Terminal& made = *terminal;
  by_stream_[config.stream] = &made;
  terminals_[id->str()] = std::move(terminal);
  journals_changed();
  channel_->send(frame);
  made.sent();
  return {};
}

void Supervisor::terminal_input(Connection& connection, const wire::TerminalInput& request) {
  Terminal* terminal = find(request.terminal_id());
  if (terminal == nullptr || request.data().empty()) return;
  if (connection.accept_input(request.terminal_id(), request.data().size())) terminal->input(connection.number(), request.data());
}

void Supervisor::terminal_signal(const wire::TerminalSignal& request) {
  const Terminal* terminal = find(request.terminal_id());
  if (terminal == nullptr || terminal->starting() || request.signal() < 1 || request.signal() > max_signal) return;
  wire::ToInit frame;
  frame.mutable_signal()->set_stream(terminal->stream());
  frame.mutable_signal()->set_signal(request.signal());
  frame.mutable_signal()->set_group(request.group());
  channel_->send(frame);
}

void Supervisor::file_request(Connection& connection, const wire::FileRequest& request) {
  wire::ToInit frame;
  *frame.mutable_file() = request;
  frame.mutable_file()->set_request(next_file_request_);
  int refused = 0;
  if (connection.file_requests >= Connection::max_file_requests || file_calls_.size() >= max_file_requests ||
      channel_->full())
    refused = EBUSY;
  else if (frame.ByteSizeLong() > wire::max_frame_bytes)
    refused = EMSGSIZE;
  if (refused != 0) {
    wire::FromShim reply;
    reply.mutable_file()->set_request(request.request());
    reply.mutable_file()->set_sys_errno(refused);
    return connection.send(reply);
  }
  ++connection.file_requests;
  file_calls_[next_file_request_++] = {.connection = connection.number(), .request = request.request()};
  channel_->send(frame);
}

void Supervisor::pause(Connection& connection, const wire::PauseSandbox& request) {
  const auto done = phase_ != Phase::Running ? fail_errno(ECANCELED, "pause")
                                             : request.paused() ? driver_->pause() : driver_->resume();
  if (done) paused_ = request.paused();
  else log_.warning("not paused or resumed", {{"error", done.error()}});
  wire::FromShim reply;
  reply.mutable_pause()->set_request(request.request());
  reply.mutable_pause()->set_sys_errno(done ? 0 : errno_of(done.error()));
  connection.send(reply);
}

}  // namespace berth::shim
