#pragma once
// For tests: a forked berth-init and the shim's end of its channel. Every wait has a deadline; an ended client kills init.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guest/init.hpp"
#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/socket.hpp"
#include "wire/frame.hpp"
#include "wire/init.pb.h"

namespace berth::guest {

class InitClient {
 public:
  enum class Over { Socket, Pipes };

  // With a command: that is run instead, with the channel as fds 0 and 1 (the static berth-init, or a runtime around it).
  // `before` runs in init's process first.
  explicit InitClient(Over over, std::vector<std::string> command = {}, const std::function<void()>& before = {})
      : socket_(over == Over::Socket) {
    UniqueFd in, out;
    if (socket_) {
      auto pair = *os::socket_pair();
      ours_in_ = *os::duplicate(pair.first.get());
      ours_out_ = std::move(pair.first);
      in = *os::duplicate(pair.second.get());
      out = std::move(pair.second);
    } else {
      auto to = *os::make_pipe(), from = *os::make_pipe();
      ours_out_ = std::move(to.write);
      ours_in_ = std::move(from.read);
      in = std::move(to.read);
      out = std::move(from.write);
    }
    auto stderr_pipe = *os::make_pipe();
    log_ = std::move(stderr_pipe.read);
    pid_ = ::fork();
    if (pid_ == 0) {
      ours_in_.reset();
      ours_out_.reset();
      log_.reset();
      ::dup2(stderr_pipe.write.get(), 2);
      stderr_pipe.write.reset();
      if (before) before();
      if (!command.empty()) exec(command, in.get(), out.get());
      ::_exit(run(std::move(in), std::move(out)));
    }
    (void)os::set_nonblocking(ours_in_.get());
  }
  ~InitClient() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  InitClient(const InitClient&) = delete;
  InitClient& operator=(const InitClient&) = delete;

  pid_t pid() const { return pid_; }

  void send(const wire::ToInit& message) {
    std::string bytes;
    wire::append_frame(message, bytes);
    send_bytes(bytes);
  }
  void send_bytes(std::string_view bytes) { (void)os::write_all(ours_out_.get(), bytes); }
  void close_channel() {
    ours_out_.reset();
    ours_in_.reset();
  }

  // The next frame; nothing at the end of the channel or after the deadline.
  std::optional<wire::FromInit> next(std::chrono::milliseconds timeout = std::chrono::seconds{20}) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      if (auto frame = frames_.next()) {
        wire::FromInit message;
        if (!wire::parse_frame(*frame, message)) return std::nullopt;
        return message;
      }
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !ours_in_ || !*os::wait_ready(ours_in_.get(), POLLIN, left)) return std::nullopt;
      if (!receive()) return std::nullopt;
    }
  }
  // Frames until one matches; the others are kept in `seen`.
  std::optional<wire::FromInit> until(const std::function<bool(const wire::FromInit&)>& matches) {
    while (auto frame = next()) {
      if (matches(*frame)) return frame;
      seen.push_back(*std::move(frame));
    }
    return std::nullopt;
  }
  std::optional<wire::FromInit> until_case(wire::FromInit::MessageCase wanted) {
    return until([wanted](const wire::FromInit& frame) { return frame.message_case() == wanted; });
  }

  // Init's own exit status, waited for; its log is in `log`.
  int exit_status() {
    int status = -1;
    log = os::read_all(log_.get(), 1 << 20).value_or("");
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::deque<wire::FromInit> seen;
  std::vector<UniqueFd> fds;  // passed by init
  std::string log;

 private:
  [[noreturn]] static void exec(const std::vector<std::string>& command, int in, int out) {
    ::dup2(in, 0);
    ::dup2(out, 1);
    std::vector<char*> argv;
    for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }

  bool receive() {
    static std::array<char, 1 << 16> buffer;
    std::size_t n = 0;
    if (socket_) {
      auto got = os::receive_with_fds(ours_in_.get(), buffer);
      if (!got || !*got || (*got)->bytes == 0) return false;
      n = (*got)->bytes;
      for (UniqueFd& fd : (*got)->fds) fds.push_back(std::move(fd));
    } else {
      auto got = os::read_some(ours_in_.get(), buffer);
      if (!got || !*got || **got == 0) return false;
      n = **got;
    }
    return frames_.feed({buffer.data(), n}).has_value();
  }

  bool socket_;
  UniqueFd ours_in_, ours_out_, log_;
  pid_t pid_ = -1;
  wire::FrameReader frames_;
};

inline wire::ToInit start_request(std::uint64_t stream, std::vector<std::string> argv, bool pty, bool hand_over = false) {
  wire::ToInit message;
  wire::StartProcess& start = *message.mutable_start();
  start.set_stream(stream);
  for (std::string& argument : argv) start.add_argv(std::move(argument));
  start.set_pty(pty);
  start.set_hand_over(hand_over);
  start.set_cwd("/");
  return message;
}
inline wire::ToInit window_request(std::uint64_t stream, std::uint64_t limit) {
  wire::ToInit message;
  message.mutable_window()->set_stream(stream);
  message.mutable_window()->set_limit(limit);
  return message;
}
inline wire::ToInit input_request(std::uint64_t stream, std::uint64_t offset, std::string data) {
  wire::ToInit message;
  message.mutable_input()->set_stream(stream);
  message.mutable_input()->set_offset(offset);
  message.mutable_input()->set_data(std::move(data));
  return message;
}
inline wire::ToInit close_request(std::uint64_t stream) {
  wire::ToInit message;
  message.mutable_close_input()->set_stream(stream);
  return message;
}

}  // namespace berth::guest
