#pragma once
// Between a terminal's process and its log: either descriptors that init handed over, or frames in band.
//
// An implementation gives the log nothing while it is blocked, and goes on at log_has_room(). It never calls back into its
// Terminal but through the Host. Thread: the loop's.

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "shim/input_queue.hpp"
#include "shim/loop.hpp"
#include "shim/terminal_log.hpp"
#include "wire/init.pb.h"

namespace berth::shim {

class TerminalIo {
 public:
  class Host {
   public:
    virtual ~Host() = default;
    virtual bool send_to_init(const wire::ToInit& frame) = 0;  // false: init is busy, channel_has_room() follows
    virtual void io_changed() = 0;                             // drained, or the log blocked
  };

  virtual ~TerminalIo() = default;
  virtual void log_has_room() = 0;
  virtual void channel_has_room() {}
  virtual void pump_input() = 0;   // the queue got something
  virtual void close_input() = 0;  // after what is queued
  virtual void resize(TerminalSize size) = 0;
  // The process ended: what it had written is still to be read.
  virtual Result<> exited(const wire::ProcessExit& exit) = 0;
  // Nothing will come any more: the sandbox is gone. What can be read at once is.
  virtual void abandon() = 0;
  [[nodiscard]] virtual bool drained() const = 0;  // after exited() or abandon(): all of it is in the log, or held by it

  virtual Result<> output(const wire::Output&) { return fail(Code::Damaged, "output in band of a terminal that was handed over"); }
  virtual Result<> input_window(std::uint64_t) { return fail(Code::Damaged, "a window for a terminal that was handed over"); }
};

enum class TerminalKind { Pty, Pipes };

// What of a terminal's input goes into its log. Echoed: what a PTY was given while its ECHO was on, before and after it was
// written, so no password that is asked for. None is kept of pipes, which tell nobody what they carry, of a PTY in band,
// whose ECHO is not seen from here, and of what is typed while the log is blocked.
enum class KeepInput { None, Echoed };

// `descriptors`: the PTY's master, or stdin, stdout and stderr. Refused when they are not that.
Result<std::unique_ptr<TerminalIo>> make_descriptor_io(Loop& loop, TerminalIo::Host& host, TerminalLog& log, InputQueue& input,
                                                       TerminalKind kind, KeepInput keep, std::vector<UniqueFd> descriptors);
std::unique_ptr<TerminalIo> make_channel_io(TerminalIo::Host& host, TerminalLog& log, InputQueue& input, std::uint64_t stream);

}  // namespace berth::shim
