#pragma once
// One HTTP/1.1 connection: requests in order, each within its limits. The only file of the room that knows Beast is
// connection.cpp. Private to api_http.

#include <atomic>
#include <memory>
#include <optional>

#include "api_http/access.hpp"
#include "api_http/server.hpp"

namespace berth::api_http {

// What all connections of a server share. Outlives them.
struct Shared {
  control::Control& control;
  log::Logger log;
  Access access;
  Limits limits;
  Takeover takeover;
  std::string document;               // OpenAPI
  std::atomic<bool> stopping = false;  // answers say so, and their connections close
  bool handing_over = false;           // while stopping: another process goes on with what listens
};

struct Peer {
  Scheme scheme = Scheme::Http;
  bool local_user = false;            // over the unix socket, its user checked: owner "local" without a key
  std::string address;
  std::shared_ptr<void> ticket;       // counts as one of the server's connections as long as anybody has it
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Serves until the peer is done, misbehaves or is silent too long. Never throws.
  virtual boost::asio::awaitable<void> run() = 0;
  // Between two requests: ends at once. In one: ends after its answer. AfterFirst: who has asked nothing yet may ask once.
  // On the connection's executor.
  enum class Finish { Now, AfterFirst };
  virtual void finish(Finish how) = 0;
  virtual void abort() = 0;           // closes now
  // After run(): the socket, when finish() found it between two requests with nothing read; another server may go on with it.
  virtual std::optional<UniqueFd> take_idle() = 0;

  static std::unique_ptr<Connection> open(Shared& shared, boost::asio::any_io_executor executor, UniqueFd fd, Peer peer);
};

}  // namespace berth::api_http
