#include "guest/stream.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "os/file.hpp"
#include "pty/pty.hpp"
#include "wire/init.pb.h"

namespace berth::guest {
namespace {

constexpr std::size_t chunk_bytes = 64 << 10;
constexpr std::size_t short_read = 1024;  // less in one read: the rest is not worth another call

}  // namespace

Stream::Stream(std::uint64_t id, std::uint64_t token, Child child, bool handed_over)
    : id_(id), token_(token), pid_(child.pid), terminal_(static_cast<bool>(child.terminal)), handed_over_(handed_over),
      slave_(std::move(child.slave)) {
  output_.fd = std::move(terminal_ ? child.terminal : child.output);
  input_.fd = std::move(child.input);
  error_.fd = std::move(child.error);
  error_.ended = terminal_;
  if (handed_over) input_flow_.discard();
}

Result<> Stream::input(std::uint64_t offset, std::string_view data) { return input_flow_.accept(offset, data); }

void Stream::ended(Exit exit) {
  exit_ = exit;
  slave_.reset();
  input_flow_.discard();
}

void Stream::move_bytes(Channel& channel) {
  if (handed_over_) return;
  write_input();
  read_output(Source::Output, channel);
  read_output(Source::Error, channel);
  if (auto limit = input_flow_.grant()) {
    wire::FromInit message;
    message.mutable_window()->set_stream(id_);
    message.mutable_window()->set_limit(*limit);
    channel.send(message);
  }
}

void Stream::write_input() {
  End& to = terminal_ ? output_ : input_;
  while (!input_flow_.pending().empty()) {
    const auto n = os::write_some(to.fd.get(), input_flow_.pending());
    if (n && !*n) return;
    if (!n) {  // nobody reads any more; its output goes on
      input_flow_.discard();
      break;
    }
    last_input_ = input_flow_.pending()[**n - 1];
    input_flow_.consumed(**n);
  }
  if (input_flow_.closing() && !input_finished_) finish_input();
}

void Stream::finish_input() {
  input_finished_ = true;
  if (!terminal_) {
    input_.fd.reset();  // leaves the epoll by itself
    input_.watched = 0;
    return;
  }
  const auto key = pty::end_of_input(output_.fd.get());
  if (!key || !*key) return;
  // In the middle of a line the first one only hands the line over; the second is the end.
  const std::string keys(last_input_ == '\n' ? 1 : 2, **key);
  (void)os::write_some(output_.fd.get(), keys);
}

void Stream::read_output(Source source, Channel& channel) {
  static std::array<char, chunk_bytes> chunk;  // one thread
  End& from = end_of(source);
  while (!from.ended && output_flow_.room() > 0 && !channel.congested()) {
    const std::size_t want = std::min<std::uint64_t>(chunk.size(), output_flow_.room());
    std::size_t have = 0;
    bool drained = false;
    while (have < want && !drained) {
      const auto n = os::read_some(from.fd.get(), std::span(chunk).subspan(have, want - have));
      if (n && *n && **n > 0) have += **n;
      if (!n || (*n && **n == 0)) from.ended = true;  // end of file; EIO of a terminal that nobody has open
      drained = !n || !*n || **n == 0 || (!exit_ && **n < short_read);
    }
    if (have > 0) {
      const std::uint64_t offset = output_flow_.record(source, {chunk.data(), have});
      send_output(source, offset, {chunk.data(), have}, channel);
    }
    if (!drained) {
      if (exit_) continue;  // to the last byte
      return;               // others have their turn; epoll tells again
    }
    if (exit_) from.ended = true;  // what is written from now on is not the program's
    return;
  }
  if (exit_ && !from.ended && !os::has_bytes(from.fd.get())) from.ended = true;  // no window, but nothing to send
}

void Stream::send_output(Source source, std::uint64_t offset, std::string_view data, Channel& channel) const {
  wire::FromInit message;
  wire::Output& output = *message.mutable_output();
  output.set_stream(id_);
  output.set_error(source == Source::Error);
  output.set_offset(offset);
  output.set_data(data.data(), data.size());
  channel.send(message);
}

Result<> Stream::watch(os::Epoll& epoll, bool running, bool congested) {
  const bool may_read = running && !handed_over_ && !congested && output_flow_.room() > 0;
  const bool may_write = running && !handed_over_ && !input_flow_.pending().empty();
  std::uint32_t out = may_read && !output_.ended ? EPOLLIN : 0u;
  if (terminal_ && may_write) out |= EPOLLOUT;
  TRY(watch_end(epoll, output_, out, token_ + 1));
  TRY(watch_end(epoll, error_, may_read && !error_.ended ? EPOLLIN : 0u, token_ + 2));
  return watch_end(epoll, input_, !terminal_ && may_write ? EPOLLOUT : 0u, token_);
}

Result<> Stream::watch_end(os::Epoll& epoll, End& end, std::uint32_t wanted, std::uint64_t token) {
  if (wanted == end.watched || !end.fd) return {};
  const std::uint32_t before = end.watched;
  end.watched = wanted;
  if (wanted == 0) return epoll.remove(end.fd.get());
  if (before == 0) return epoll.add(end.fd.get(), wanted, token);
  return epoll.modify(end.fd.get(), wanted, token);
}

void Stream::unwatch(os::Epoll& epoll) {
  for (End* end : {&input_, &output_, &error_})
    if (end->watched != 0) (void)epoll.remove(end->fd.get());
}

void Stream::send_exit(Channel& channel) const {
  wire::FromInit message;
  wire::ProcessExit& exit = *message.mutable_exit();
  exit.set_stream(id_);
  if (const auto* code = std::get_if<Exited>(&*exit_)) exit.set_code(code->code);
  if (const auto* killed = std::get_if<Killed>(&*exit_)) exit.set_signal(killed->signal);
  exit.set_output(output_flow_.position(Source::Output));
  exit.set_error(output_flow_.position(Source::Error));
  channel.send(message);
}

void Stream::describe(wire::Position& position) const {
  position.set_stream(id_);
  position.set_output(output_flow_.position(Source::Output));
  position.set_error(output_flow_.position(Source::Error));
  position.set_input(input_flow_.received());
}

Result<> Stream::resend(std::uint64_t output, std::uint64_t error, Channel& channel) {
  TRY_ASSIGN(auto pieces, output_flow_.resend(output, error));
  for (const OutputFlow::Piece& piece : pieces) send_output(piece.source, piece.offset, piece.data, channel);
  return {};
}

}  // namespace berth::guest
