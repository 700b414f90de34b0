#pragma once
// Viewers of terminals over WebSocket, protocol "berth.terminal.v1", and pages that follow the timeline, "berth.events.v1"
// (docs/api.md, RFC 6455).
//
// Example (api_ws::Words words, log::Logger log, api_ws::Granted granted):
//   api_ws::Sessions sessions({}, words, log);
//   sessions.start(std::move(granted));
//   co_await sessions.stop(std::chrono::seconds{5});  // everyone is told "service restart" (1012) and reconnects
//
// Threads: a session lives on its attachment's executor, so that a key and its echo never change threads; start() and
// stop() may be called from any. Sessions outlives what it started, and must be stopped before it is destroyed.
// Memory of an idle viewer: one socket, one WebSocket state without compression, two small coroutines and one timer. Of a
// busy one: besides that the chunk that is being sent, which is the attachment's, and one message of input.
// Limits: a message over `message_bytes` closes with 1009. Who says nothing and answers no ping for `idle` is gone.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/unique_fd.hpp"
#include "control/control.hpp"
#include "log/log.hpp"

namespace berth::api_ws {

struct Settings {
  std::chrono::milliseconds ping{15'000};   // a quiet connection is pinged this often
  std::chrono::milliseconds idle{45'000};
  std::uint64_t message_bytes = 64 << 10;   // from the client
  std::chrono::milliseconds heartbeat{15'000};  // a topic with nothing to tell says where it is
};

// How the HTTP API says the same things.
struct Words {
  std::function<std::string(const control::TerminalInfo&)> terminal_json;
  std::function<std::string(const Error&)> sentence;
  std::function<std::string(const store::EventRow&)> event_json;
};

// A connection whose request for a WebSocket was granted and not answered yet.
struct Granted {
  UniqueFd connection;
  std::string handshake_key;                // Sec-WebSocket-Key
  bool names_protocol = false;              // the client offered the protocol
  std::shared_ptr<control::Attachment> attachment;
  std::shared_ptr<control::EventDesk> desk; // one of the two
  std::string request_id;
  std::shared_ptr<void> ticket;             // given back when the session ends
};

class Sessions {
 public:
  Sessions(Settings settings, Words words, log::Logger log);
  ~Sessions();
  void start(Granted granted);              // refused, by closing, once stop() was called
  [[nodiscard]] std::size_t size() const;
  boost::asio::awaitable<void> stop(std::chrono::milliseconds deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::api_ws
