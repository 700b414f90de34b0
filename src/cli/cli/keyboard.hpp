#pragma once
// One thread that turns what a person or a pipe sends (bytes of stdin, window changes, signals) into calls of an
// Attach, while the main thread shows output. Reads stdin only while the Attach has room.
//
// Made before any other thread (it blocks its signals first). Destruction stops and joins; nothing is read after.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/units.hpp"
#include "cli/detach_keys.hpp"
#include "client/attach.hpp"
#include "os/poll.hpp"

namespace berth::cli {

struct KeyboardOptions {
  int input = 0;
  bool read_input = true;
  bool person = false;                                // input is a terminal in raw mode: detach keys, its end leaves
  bool leave_on_signal = false;                       // SIGTERM, SIGINT: else they are the program's
  std::function<std::optional<TerminalSize>()> size;  // asked after SIGWINCH
  std::function<void()> continued;                    // after SIGCONT
};

class Keyboard {
 public:
  static Result<std::unique_ptr<Keyboard>> make(KeyboardOptions options);
  ~Keyboard();
  void start(client::Attach& attach);
  void stop();
  void room() { room_.notify(); }  // any thread

 private:
  Keyboard(KeyboardOptions options, os::Epoll epoll, os::SignalFd signals, os::EventFd stop, os::EventFd room);
  void loop();
  void watch_input();
  void read_input();
  void end_input();
  void on_signal(int signal);

  KeyboardOptions options_;
  os::Epoll epoll_;
  os::SignalFd signals_;
  os::EventFd stop_, room_;
  client::Attach* attach_ = nullptr;
  DetachKeys keys_;
  bool open_ = true, watched_ = false, always_ready_ = false;  // always_ready_: a file, which epoll does not take
  std::thread thread_;
};

}  // namespace berth::cli
