// What terminals tell, and where it goes.

#include "shim/supervisor.hpp"

namespace berth::shim {
namespace {

constexpr std::chrono::milliseconds first_retry{50};

}  // namespace

bool Supervisor::send_to_init(const wire::ToInit& frame) {
  if (!channel_) return true;  // it is gone, and so is its reader
  if (channel_->busy()) return false;
  channel_->send(frame);
  return true;
}

void Supervisor::terminal_output(const Terminal& terminal, ByteOffset offset, std::string_view bytes, bool error, WallTime time) {
  audience_->output(terminal.id(), offset, bytes, error, time);
  journals_changed();
}

void Supervisor::terminal_took_input(const Terminal& terminal, std::uint64_t connection, std::size_t bytes) {
  if (Connection* from = audience_->find(connection)) from->input_taken(terminal.id(), bytes);
}

void Supervisor::terminal_blocked(const Terminal& terminal, const Error& why) {
  log_.error("journal cannot be written", {{"terminal", terminal.id()}, {"error", why}});
  wire::FromShim frame;
  frame.mutable_journal_failed()->set_terminal_id(terminal.id());
  frame.mutable_journal_failed()->set_sys_errno(why.sys_errno != 0 ? why.sys_errno : EIO);
  audience_->tell(frame);
  if (!retry_timer_.armed()) retry_timer_ = loop_->after(first_retry, [this] { retry_blocked(); });
}

void Supervisor::terminal_ended(Terminal& terminal) {
  const wire::TerminalState state = terminal.state();
  if (state.pid() != 0) {  // else its failed start was told
    wire::FromShim frame;
    frame.mutable_exit()->set_terminal_id(terminal.id());
    frame.mutable_exit()->set_code(state.code());
    frame.mutable_exit()->set_signal(state.signal());
    frame.mutable_exit()->set_end(state.end());
    frame.mutable_exit()->set_time_ns(terminal.exit_time().time_since_epoch().count());
    audience_->tell(frame);
  }
  just_ended_.push_back(terminal.id());
}

void Supervisor::forget_ended() {
  for (const auto& id : std::exchange(just_ended_, {})) {
    const auto at = terminals_.find(id);
    if (at == terminals_.end()) continue;
    Terminal& terminal = *at->second;
    if (auto files = terminal.writer().take_unsynced()) {
      std::move(files->begin(), files->end(), std::back_inserter(unsynced_));
      journals_changed();
    }
    ended_.push_back(terminal.state());
    if (ended_.size() > max_ended_terminals) ended_.pop_front();
    audience_->forget_terminal(id);
    by_stream_.erase(terminal.stream());
    terminals_.erase(at);
  }
}

}  // namespace berth::shim
