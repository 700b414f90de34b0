#pragma once
// The shim's end of the channel to berth-init (wire/init.proto).
//
// Nothing that init sends is trusted: a frame that does not parse, descriptors that no frame asks for, or a peer that
// stops reading end the channel with Code::Damaged. An end of file, or a broken pipe, ends it with Code::Unavailable.
// Descriptors travel with the first byte of a frame (SCM_RIGHTS), so they are here when the frame is: take_descriptors()
// gives the oldest. Thread: the loop's. Limits below.

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "sandbox/driver.hpp"
#include "shim/loop.hpp"
#include "shim/outbox.hpp"
#include "wire/frame.hpp"
#include "wire/init.pb.h"

namespace berth::shim {

class Channel {
 public:
  static constexpr std::size_t busy_bytes = 256 << 10;      // what waits for init: above this, input is held back
  static constexpr std::size_t full_bytes = 4 << 20;        // above this, new requests are refused
  static constexpr std::size_t max_waiting_bytes = 8 << 20; // above this, init does not read: the channel ends
  static constexpr std::size_t max_waiting_descriptors = 16;

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void channel_frame(const wire::FromInit& frame) = 0;
    virtual void channel_drained() = 0;            // no longer busy
    virtual void channel_ended(Error why) = 0;     // once; the channel is silent from now on. Do not destroy it here
  };

  static Result<std::unique_ptr<Channel>> open(Loop& loop, sandbox::Started started, Owner& owner);

  void send(const wire::ToInit& frame);
  [[nodiscard]] bool busy() const { return outbox_.size() > busy_bytes; }
  [[nodiscard]] bool full() const { return outbox_.size() > full_bytes; }
  // The sandbox is gone: takes what it had sent, and waits for nothing.
  void drain();
  // Empty when there are fewer.
  [[nodiscard]] std::vector<UniqueFd> take_descriptors(std::size_t count);

 private:
  Channel(Loop& loop, sandbox::Started started, Owner& owner);
  bool readable();  // false: nothing there
  Result<std::size_t> receive(std::span<char> into, bool& nothing);
  Result<> take_frames(std::string_view bytes);
  void writing_ready(std::uint32_t events);
  void writable();
  void stop_writing();
  void end(Error why);

  Loop& loop_;
  Owner& owner_;
  UniqueFd to_init_;
  UniqueFd from_init_;
  bool passes_descriptors_;
  bool ended_ = false;
  wire::FrameReader reader_;
  wire::FromInit frame_;
  std::deque<UniqueFd> descriptors_;
  Outbox outbox_;
  Loop::Watch reading_;
  Loop::Watch writing_;
};

}  // namespace berth::shim
