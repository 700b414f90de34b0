#include "shim/terminal.hpp"

#include <csignal>

namespace berth::shim {

using journal::Kind;

Terminal::Terminal(Loop& loop, Owner& owner, Config config, journal::Writer writer)
    : loop_(loop), owner_(owner), config_(std::move(config)),
      log_(std::move(writer), loop.clock(),
           [this](Kind kind, ByteOffset offset, std::string_view bytes, WallTime time) { appended(kind, offset, bytes, time); }),
      input_([this](std::uint64_t connection, std::size_t bytes) { owner_.terminal_took_input(*this, connection, bytes); }) {
  if (config_.size) log_.append(Kind::Resize, journal::encode_resize(*config_.size));
}

void Terminal::sent() {
  if (config_.in_band) io_ = make_channel_io(*this, log_, input_, config_.stream);
}

Result<> Terminal::started(const wire::Started& frame, std::vector<UniqueFd> descriptors) {
  if (!starting()) return fail(Code::Damaged, "a process that started twice");
  if (frame.pid() <= 0) return fail(Code::Damaged, "a process without a number");
  if (frame.handed_over() == config_.in_band) return fail(Code::Damaged, "a process started in another way than asked");
  if (!config_.in_band) {
    const std::size_t expected = config_.kind == TerminalKind::Pty ? 1 : 3;
    if (descriptors.size() != expected) return fail(Code::Damaged, "a start without its descriptors");
    auto io = make_descriptor_io(loop_, *this, log_, input_, config_.kind, config_.keep_input, std::move(descriptors));
    if (!io) return pass(std::move(io).error());
    io_ = *std::move(io);
    if (size_) io_->resize(*size_);
    if (!input_.empty()) io_->pump_input();
    if (input_closing_) io_->close_input();
  }
  pid_ = frame.pid();
  return {};
}

void Terminal::start_failed(journal::ExitPayload exit) {
  exit_ = exit;
  if (io_) io_->abandon();
  else input_.discard();
  settle();
}

Result<> Terminal::output(const wire::Output& frame) {
  if (starting() || exit_) return fail(Code::Damaged, "output of a process that does not run");
  return io_->output(frame);
}

Result<> Terminal::input_window(const wire::Window& frame) {
  if (!io_) return fail(Code::Damaged, "a window of a process that does not run");
  return io_->input_window(frame.limit());
}

Result<> Terminal::exited(const wire::ProcessExit& frame) {
  if (starting() || exit_) return fail(Code::Damaged, "an exit of a process that does not run");
  if (frame.signal() < 0 || frame.signal() > 64 || frame.code() < 0 || frame.code() > 255)
    return fail(Code::Damaged, "an exit that cannot be");
  exit_ = journal::ExitPayload{.code = frame.code(), .signal = frame.signal()};
  if (auto drained = io_->exited(frame); !drained) return drained;
  settle();
  return {};
}

void Terminal::channel_has_room() {
  if (io_) io_->channel_has_room();
}

void Terminal::abandon() {
  if (!exit_) exit_ = journal::ExitPayload{.code = 0, .signal = SIGKILL};
  if (io_) io_->abandon();
  else input_.discard();
  settle();
}

void Terminal::input(std::uint64_t connection, const std::string& bytes) {
  input_.push(connection, bytes);
  if (exit_) return input_.discard();
  if (io_) io_->pump_input();
}

void Terminal::close_input() {
  input_closing_ = true;
  if (io_ && !exit_) io_->close_input();
}

void Terminal::resize(TerminalSize size) {
  if (exit_ || config_.kind != TerminalKind::Pty) return;
  size_ = size;
  log_.append(Kind::Resize, journal::encode_resize(size));
  if (io_) io_->resize(size);
  settle();
}

void Terminal::appended(Kind kind, ByteOffset offset, std::string_view bytes, WallTime time) {
  if (is_bytes(kind)) owner_.terminal_output(*this, offset, bytes, kind == Kind::Error, time);
  if (kind == Kind::Exit) exit_time_ = time;
}

void Terminal::retry() {
  if (log_.retry()) {
    told_blocked_ = false;
    if (io_ && !exit_written_) io_->log_has_room();
  }
  settle();
}

// What follows from the state, whatever changed it.
void Terminal::settle() {
  if (exit_ && !exit_written_ && !log_.blocked() && (!io_ || io_->drained())) {
    exit_written_ = true;
    log_.append(Kind::Exit, journal::encode_exit(*exit_));
  }
  if (log_.blocked() && !told_blocked_) {
    told_blocked_ = true;
    owner_.terminal_blocked(*this, *log_.failure());
  }
  if (exit_written_ && !log_.blocked() && !ended_) {
    ended_ = true;
    owner_.terminal_ended(*this);
  }
}

wire::TerminalState Terminal::state() const {
  wire::TerminalState state;
  state.set_terminal_id(id());
  state.set_end(log_.end().value);
  state.set_running(!exit_written_);
  state.set_pid(pid_);
  if (exit_written_) {
    state.set_code(exit_->code);
    state.set_signal(exit_->signal);
  }
  return state;
}

}  // namespace berth::shim
