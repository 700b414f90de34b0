#pragma once
// Being at a terminal over a connection that may break: the server restarts, the network goes, and the viewer still
// gets each byte once and in order, and the terminal its keys.
//
// `run()` blocks until the terminal ended, `detach()` was called or trying again is of no use. After a lost connection
// it connects again with backoff at the exact offset. What the server had not been given yet (input, size) goes then;
// input that was handed to a connection which broke at that moment may be lost, and is never sent twice.
//
// Threads: run() and every call of the Viewer on one thread; the other members from any. Memory: input up to
// `input_room` waits here (the caller stops reading its own input while there is none), output none.
// Errors: those of the server (NotFound, PermissionDenied, …), Unavailable when patience is over, Damaged for a gap that
// the server did not announce.
//
// Example (client::Viewer& viewer, const std::string& terminal, const std::string& socket):
//   SystemClock clock;
//   client::Attach attach(client::unix_endpoint(socket), {.terminal = terminal, .from = ByteOffset{0}}, viewer, clock);
//   attach.input("ls\n");
//   TRY_ASSIGN(auto end, attach.run());
//   if (end.exit_code == 0) return {};
//
// Example (client::Endpoint where, std::string terminal, client::Viewer& viewer, const Clock& clock):
//   client::Attach attach(where, {.terminal = terminal, .from = ByteOffset{0}}, viewer, clock);
//   TRY_ASSIGN(const auto end, attach.run());    // another thread may call attach.detach()

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "client/backoff.hpp"
#include "client/endpoint.hpp"
#include "client/web_socket.hpp"

namespace berth::client {

class Viewer {
 public:
  virtual ~Viewer() = default;
  virtual void connected(const boost::json::object& terminal) = 0;                // each time
  virtual Result<> output(bool error, std::string_view bytes) = 0;                // error: stderr; a failure ends run()
  virtual void waiting(const Error& cause, std::chrono::milliseconds delay) = 0;  // lost; tries again after delay
  virtual void room() = 0;                                                        // input has room again
  // Each time that it changes, and after each connected(): whether input reaches the terminal. `reason`: docs/api.md.
  virtual void seat(bool /*writer*/, std::string_view /*reason*/) {}
  // Output that does not come. With a redraw the screen at `to` comes next: a stream that begins with a reset.
  virtual Result<> skipped(ByteOffset /*from*/, ByteOffset /*to*/, std::string_view /*reason*/) { return {}; }
  virtual Result<> screen(std::string_view /*stream*/) { return {}; }
  virtual void refused(std::string_view /*code*/, std::string_view /*detail*/) {}  // something that was sent
};

struct AttachOptions {
  enum class Slow { AsConfigured, Skip, Wait };  // when we do not follow: on to the current screen, or every byte late
  enum class Seat { WhenFree, Never, TakeOver };

  std::string terminal;
  std::optional<ByteOffset> from;    // absent: only what comes now
  std::string at;                    // instead of from: a place (docs/api.md), with the screen that was there; "": none
  Slow slow = Slow::AsConfigured;
  Seat seat = Seat::WhenFree;
  bool answers = false;              // output is shown on a terminal that answers: it is not shown what is not its to answer
  std::string name;                  // ours, so that a new connection finds our seat: [0-9A-Za-z_-]{0,64}
  std::optional<TerminalSize> size;  // told on each connection
  BackoffPolicy backoff;
  std::uint64_t seed = 0;
};

struct AttachEnd {
  bool detached = false;                 // by us; the terminal goes on
  std::optional<int> exit_code, signal;  // neither: it ended with its sandbox, `reason` says how
  std::string reason;
  ByteOffset next;  // the first byte that was not seen
};

using OpenSocket = std::function<boost::asio::awaitable<Result<std::unique_ptr<WebSocket>>>(
    boost::asio::any_io_executor, std::string target)>;

class Attach {
 public:
  static constexpr std::size_t input_room = 64u << 10;

  Attach(OpenSocket open, AttachOptions options, Viewer& viewer, const Clock& clock);
  Attach(Endpoint endpoint, AttachOptions options, Viewer& viewer, const Clock& clock);
  ~Attach();

  Result<AttachEnd> run();  // once

  [[nodiscard]] bool has_room() const;  // for input; when not, Viewer::room tells
  void input(std::string bytes);
  void close_input();
  void resize(TerminalSize size);
  void signal(int signal);
  void take_over();  // the seat; as a person asks for it
  void detach();     // also before run()

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace berth::client
