#pragma once
// The HTTP server: listens on TCP (with TLS when there is a certificate) and on the home's unix socket, and turns requests
// into actions of control. It holds no rule but those of the transport: limits, origins, keys to callers.
//
//   api_http::Server::open(runtime, control, log, settings, takeover) listens and serves; stop() ends it.
//
// Another process can go on where this one ends (room takeover): listen() apart from open() gives sockets that outlive a
// Server, hand_over() ends it and gives the clients that are between two requests, and adopt() takes them in.
//
// Threads: every connection lives on one executor of the runtime and never leaves it, apart from a WebSocket: its
// connection is taken out of HTTP and given to `takeover` on the terminal's executor.
// Limits: Settings, each refused with a problem document that names it. Errors: AlreadyExists (address in use),
// PermissionDenied (not loopback without TLS), InvalidArgument (certificate).
//
// Example (aio::Runtime& runtime, control::Control& control, log::Logger log):
//   TRY_ASSIGN(const auto server, api_http::Server::open(runtime, control, log, {.port = 0}, [](api_http::Upgraded) {}));

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "control/control.hpp"
#include "log/log.hpp"

namespace berth::aio { class Runtime; }

namespace berth::api_http {

struct Limits {
  std::uint64_t header_bytes = 16 << 10;
  std::uint64_t body_bytes = 1 << 20;
  std::uint64_t file_bytes = 64 << 20;
  std::uint64_t document_bytes = 1600 << 10;   // of a session, and what is said about it
  std::uint64_t stream_bytes = 16ull << 30;    // of a body that is read as it comes
  std::size_t connections = 10'000;
  std::chrono::milliseconds idle{60'000};      // between requests
  std::chrono::milliseconds request{30'000};   // header; body and answer without progress
  std::chrono::milliseconds heartbeat{15'000}; // of a stream that has nothing to tell
};

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                      // 0: the kernel chooses
  std::uint32_t port_search = 0;               // ports above it that are tried when it is taken
  bool allow_remote = false;                   // another address than loopback without TLS
  std::filesystem::path certificate, key;      // PEM; empty: no TLS
  std::filesystem::path socket;                // unix socket; empty: none
  std::vector<std::string> origins, hosts;
  Limits limits;
};

// A connection whose request for a WebSocket was checked and not answered yet, and what it may see.
struct Upgraded {
  UniqueFd connection;
  std::string handshake_key;                   // Sec-WebSocket-Key
  bool names_protocol = false;                 // it offered "berth.terminal.v1", or "berth.events.v1"
  std::shared_ptr<control::Attachment> attachment;
  std::shared_ptr<control::EventDesk> desk;    // one of the two
  std::string request_id;
  std::shared_ptr<void> ticket;                // counts as a connection of the server until nobody has it
};
using Takeover = std::function<void(Upgraded)>;  // called on the connection's executor; must not wait

// What listens. A server listens on copies: these go on, and what connects to them waits for the next server.
struct Sockets { UniqueFd tcp, local; };     // local: settings.socket; empty when there is none
Result<Sockets> listen(const Settings& settings);

// A client between two requests; not one with TLS, whose state cannot leave its process.
struct IdleClient {
  UniqueFd connection;
  bool local_user = false;                     // came over settings.socket, its user checked
  std::string address;
};

// A terminal, an event and an error as this API says them, for the frames of a WebSocket.
[[nodiscard]] std::string terminal_json(const control::TerminalInfo& info);
[[nodiscard]] std::string event_json(const store::EventRow& event);
[[nodiscard]] std::string public_message(const Error& error);

class Server {
 public:
  // Over `sockets`, from accept() on; null: it listens as the settings say, takes who comes, and the sockets end with it.
  static Result<std::unique_ptr<Server>> open(aio::Runtime& runtime, control::Control& control, log::Logger log,
                                              Settings settings, Takeover takeover, const Sockets* sockets = nullptr);
  ~Server();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;
  // Takes no new connection, lets running requests end until the deadline, then closes what is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds deadline);
  // The same, but who was accepted and said nothing yet is not turned away.
  boost::asio::awaitable<std::vector<IdleClient>> hand_over(std::chrono::milliseconds deadline);
  void accept();                               // once; who connects before waits in the kernel
  void adopt(IdleClient client);               // from any thread

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::api_http
