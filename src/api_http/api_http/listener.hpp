#pragma once
// Where connections come in: sockets that listen, and what is told about who connected. Private to api_http.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "api_http/connection.hpp"

namespace berth::api_http {

struct Incoming {
  UniqueFd connection;
  Peer peer;
};
using OnIncoming = std::function<void(Incoming)>;  // must not wait

class Listener {
 public:
  virtual ~Listener() = default;
  // Accepts until close(). Never throws; when descriptors run out it waits a little and goes on.
  virtual boost::asio::awaitable<void> run() = 0;
  virtual void close() = 0;                         // on the executor
  [[nodiscard]] virtual std::uint16_t port() const = 0;

  // Over sockets that listen already; other copies of their descriptors go on when this is closed.
  static Result<std::unique_ptr<Listener>> tcp(boost::asio::any_io_executor executor, UniqueFd listening, Scheme scheme,
                                               log::Logger log, OnIncoming incoming);
  // For the processes of our own user alone.
  static Result<std::unique_ptr<Listener>> unix_socket(boost::asio::any_io_executor executor, UniqueFd listening, log::Logger log,
                                                       OnIncoming incoming);
};

// The first free port from `port` on; port 0 is the kernel's choice. Refuses an address that is not loopback unless there
// is TLS or settings.allow_remote.
Result<UniqueFd> listen_tcp(const Settings& settings);

[[nodiscard]] bool is_loopback(const std::string& address);

}  // namespace berth::api_http
