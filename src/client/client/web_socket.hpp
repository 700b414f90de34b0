#pragma once
// A client's WebSocket without Beast's types, so that those who use it compile fast and are tested with a scripted one.
//
// One thread, that of the executor. At most one read and one write at a time; one of each may overlap. After an error
// only `abort` and destruction are allowed, and destruction only when no call is pending. Errors: as client/http.hpp;
// a refused upgrade is the problem that the server told; a close of the other side is Unavailable.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "client/endpoint.hpp"

namespace berth::client {

class WebSocket {
 public:
  enum class Kind { Text, Binary };
  struct Message {
    Kind kind = Kind::Binary;
    std::string_view data;
  };  // valid until the next read
  virtual ~WebSocket() = default;
  virtual boost::asio::awaitable<Result<Message>> read() = 0;
  virtual boost::asio::awaitable<Result<>> write(Kind kind, std::string data) = 0;
  // The closing handshake (1000): reading goes on beside it to its end. May be called while the others are pending.
  virtual boost::asio::awaitable<Result<>> close() = 0;
  virtual void abort() = 0;  // pending calls fail soon; no closing handshake
};

// Opens `target` with the subprotocol berth.terminal.v1. A server that is silent for half a minute counts as lost.
boost::asio::awaitable<Result<std::unique_ptr<WebSocket>>> open_web_socket(boost::asio::any_io_executor executor,
                                                                           Endpoint endpoint, std::string target);

}  // namespace berth::client
