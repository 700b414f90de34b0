#pragma once
// One WebSocket of a client whose request was checked already: answers the handshake, sends one frame at a time, pings a
// quiet peer and gives up one that has gone, says "service restart" when the server goes. Private to api_ws.
//
// While received input waits for somebody nothing is read and no pong is seen: busy() says so, and then silence alone is no
// sign; the kernel tells of a peer that takes nothing any more.
//
// Everything on its executor; held by a shared_ptr. An ended line fails every call; it never throws.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aio/event.hpp"
#include "api_ws/sessions.hpp"

namespace berth::api_ws {

class Line : public std::enable_shared_from_this<Line> {
 public:
  Line(boost::asio::any_io_executor executor, UniqueFd connection, const Settings& settings, log::Logger log, std::string request_id);

  // `protocol`: the one that the client named; "" named none.
  boost::asio::awaitable<bool> accept(std::string handshake_key, std::string protocol);
  boost::asio::awaitable<bool> send(std::string text);                   // false: the connection is lost, or being closed
  boost::asio::awaitable<bool> send_binary(std::string_view head, std::string_view body);  // one frame of both
  boost::asio::awaitable<std::optional<std::string_view>> receive();     // until the next call; absent: it is lost, or ended
  boost::asio::awaitable<void> close(boost::beast::websocket::close_code code);  // returns when the connection is closed
  boost::asio::awaitable<void> until_ended();                            // restart() was called and the close is over, or abort()
  void restart();
  void abort();
  void busy(bool is);
  [[nodiscard]] bool got_text() const { return socket_.got_text(); }
  [[nodiscard]] bool left() const;                                       // the peer closed as one does who wants nothing more

 private:
  using WebSocket = boost::beast::websocket::stream<boost::asio::generic::stream_protocol::socket, false>;  // false: no compression
  boost::asio::awaitable<bool> write(bool binary, std::string_view head, std::string_view body);
  void watch(std::chrono::milliseconds after);
  void check_life();

  const Settings& settings_;
  log::Logger log_;
  std::string request_id_;
  WebSocket socket_;
  std::array<char, 128> first_;        // of a message; most are no longer
  boost::beast::flat_buffer buffer_;   // a longer one
  boost::asio::steady_timer watch_;
  aio::Event turn_, ended_;
  std::chrono::steady_clock::time_point heard_;
  bool accepted_ = false, sending_ = false, pinging_ = false, closing_ = false, restarting_ = false, aborted_ = false;
  bool busy_ = false;
};

}  // namespace berth::api_ws
