#pragma once
// The protocol of wire/init.proto from init's side: requests in, events out. No loop and no clock of its own; init.cpp
// drives it from epoll, the fuzzer from bytes.
//
// A request that breaks the protocol (damaged frame, gap, stream number used twice) is an error, which ends init: a channel
// that is wrong once cannot be trusted. A request for a stream that ended is late, not wrong: it is ignored.
// Limits: max_streams at once; one window of input and one of output are held per stream.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "guest/channel.hpp"
#include "guest/files.hpp"
#include "guest/stream.hpp"
#include "wire/init.pb.h"

namespace berth::guest {

class Session {
 public:
  static constexpr std::size_t max_streams = 1024;
  static constexpr std::size_t max_deferred = 256;
  static constexpr std::uint64_t first_token = 16;  // below: the loop's own

  Session(Channel& channel, os::Epoll& epoll, Processes& processes, Files files)
      : channel_(channel), epoll_(epoll), processes_(processes), files_(std::move(files)) {}

  void send_ready(const User& user);
  Result<> handle_frames();           // all that the channel has
  Result<> ready(std::uint64_t token);  // a stream's descriptor
  Result<> reap();                    // SIGCHLD
  Result<> channel_drained();         // after each flush
  void begin_shutdown();
  [[nodiscard]] std::optional<std::uint32_t> shutdown_grace_ms() const { return shutdown_grace_ms_; }
  [[nodiscard]] bool over() const { return shutdown_grace_ms_ && streams_.empty() && processes_.none_left(); }

 private:
  using Streams = std::map<std::uint64_t, Stream>;

  Result<> handle(const wire::ToInit& message);
  Result<> start(const wire::StartProcess& request);
  void started(std::uint64_t id, Child child, bool hand_over);
  void start_failed(std::uint64_t id, const Error& error);
  static pid_t foreground(const Stream& stream);
  void signal(const wire::Signal& request);
  Result<> quiesce();
  Result<> resume(const wire::Resume& request);
  Result<> settle(Stream& stream);  // moves bytes, watches, and ends it when it is finished
  Result<> settle_all();
  Stream* find(std::uint64_t id);

  Channel& channel_;
  os::Epoll& epoll_;
  Processes& processes_;
  Files files_;
  Streams streams_;
  std::map<std::uint64_t, std::uint64_t> by_token_;
  std::map<pid_t, std::uint64_t> by_pid_;
  std::uint64_t next_token_ = first_token;
  bool quiesced_ = false;
  bool starved_ = false;  // somebody's output waits for the channel
  std::vector<wire::StartProcess> deferred_;
  std::optional<std::uint32_t> shutdown_grace_ms_;
};

}  // namespace berth::guest
