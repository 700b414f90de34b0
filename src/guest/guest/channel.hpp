#pragma once
// Init's end of the channel to the shim: frames in, frames out, descriptors with them where the channel is a unix socket.
//
// Owns both descriptors (they may be one socket, duplicated). Non-blocking; one thread. What cannot be written yet waits in
// memory: `congested()` asks the owner to make no more output until it drained. Errors end the channel.
//
// The kernel counts descriptors that were sent and not received yet per user of the host, and refuses more than one
// process may have open (ETOOMANYREFS, unix(7)); others may have used that up. No descriptor becomes ready when there is
// room again, so the owner calls flush() after `refused_retry`. Until then everything waits in its order.

#include <chrono>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wire/frame.hpp"

namespace berth::wire { class FromInit; }

namespace berth::guest {

class Channel {
 public:
  static constexpr std::size_t congested_bytes = 512 << 10;   // output of processes waits
  static constexpr std::size_t overloaded_bytes = 4 << 20;    // requests wait too

  static constexpr std::chrono::milliseconds refused_retry{20};

  static Result<Channel> open(UniqueFd in, UniqueFd out);

  [[nodiscard]] int in() const { return in_.get(); }
  [[nodiscard]] int out() const { return out_.get(); }
  [[nodiscard]] bool passes_descriptors() const { return is_socket_; }
  [[nodiscard]] std::size_t waiting() const { return outgoing_.size() - sent_; }
  [[nodiscard]] std::uint64_t moved() const { return moved_; }  // bytes in and out so far
  [[nodiscard]] bool refused() const { return refused_; }  // by the last flush(): what waits goes at another time
  [[nodiscard]] bool congested() const { return waiting() > congested_bytes; }
  [[nodiscard]] bool overloaded() const { return waiting() > overloaded_bytes; }

  // One read. False at the end of the channel.
  Result<bool> receive();
  std::optional<std::string_view> next_frame() { return frames_.next(); }

  void send(const wire::FromInit& message, std::vector<UniqueFd> fds = {});
  Result<> flush();  // as much as goes

 private:
  struct Attachment { std::size_t at; std::vector<UniqueFd> fds; };  // with the byte at `at` of outgoing_

  Channel(UniqueFd in, UniqueFd out, bool is_socket)
      : in_(std::move(in)), out_(std::move(out)), is_socket_(is_socket) {}
  Result<std::optional<std::size_t>> write_piece();

  UniqueFd in_, out_;
  bool is_socket_;
  wire::FrameReader frames_;
  std::string outgoing_;
  std::size_t sent_ = 0;
  bool refused_ = false;
  std::uint64_t moved_ = 0;
  std::deque<Attachment> attachments_;
};

}  // namespace berth::guest
