#pragma once
// One process and its bytes: input into it, output out of it, each within its window, until it ended and all that it left
// in its terminal or pipes was sent.
//
// Owns the descriptors; used by Session on its one thread. Descriptors are in the epoll only while something would be done
// with them, so that a closed window or an end of file never makes a busy loop. Streams that were handed over only have an
// exit (and the terminal, for its size and foreground group).

#include <cstdint>
#include <optional>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "guest/channel.hpp"
#include "guest/flow.hpp"
#include "guest/processes.hpp"
#include "os/poll.hpp"

namespace berth::wire { class Position; }

namespace berth::guest {

class Stream {
 public:
  static constexpr std::uint64_t tokens_per_stream = 4;

  // `token` is the first of tokens_per_stream epoll tokens.
  Stream(std::uint64_t id, std::uint64_t token, Child child, bool handed_over);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::uint64_t token() const { return token_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running() const { return !exit_; }  // not reaped: its pid is its own
  [[nodiscard]] int terminal() const { return terminal_ ? output_.fd.get() : -1; }  // the master, or -1

  Result<> input(std::uint64_t offset, std::string_view data);
  void close_input() { input_flow_.close(); }
  void grant(std::uint64_t limit) { output_flow_.grant(limit); }
  void ended(Exit exit);

  // Moves what can be moved now; tells the shim of output and of room for input.
  void move_bytes(Channel& channel);
  Result<> watch(os::Epoll& epoll, bool running, bool congested);
  void unwatch(os::Epoll& epoll);
  [[nodiscard]] bool finished() const { return exit_ && (handed_over_ || (output_.ended && error_.ended)); }
  void send_exit(Channel& channel) const;

  [[nodiscard]] bool handed_over() const { return handed_over_; }
  void describe(wire::Position& position) const;
  Result<> resend(std::uint64_t output, std::uint64_t error, Channel& channel);

 private:
  struct End {
    UniqueFd fd;
    std::uint32_t watched = 0;  // events in the epoll; 0: not in it
    bool ended = false;
  };

  void write_input();
  void finish_input();
  void read_output(Source source, Channel& channel);
  void send_output(Source source, std::uint64_t offset, std::string_view data, Channel& channel) const;
  Result<> watch_end(os::Epoll& epoll, End& end, std::uint32_t wanted, std::uint64_t token);
  End& end_of(Source source) { return source == Source::Output ? output_ : error_; }

  std::uint64_t id_;
  std::uint64_t token_;
  pid_t pid_;
  bool terminal_;
  bool handed_over_;
  UniqueFd slave_;
  End input_, output_, error_;  // a terminal is `output_` alone
  InputFlow input_flow_;
  OutputFlow output_flow_;
  bool input_finished_ = false;
  char last_input_ = '\n';
  std::optional<Exit> exit_;
};

}  // namespace berth::guest
