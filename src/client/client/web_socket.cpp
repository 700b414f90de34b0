#include "client/web_socket.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "client/problem.hpp"
#include "client/stream.hpp"

namespace berth::client {
namespace websocket = beast::websocket;
namespace {

constexpr const char* subprotocol = "berth.terminal.v1";
constexpr std::size_t largest_message = 16u << 20;
constexpr std::chrono::seconds idle_timeout{30};  // Beast pings at half of it

template <class Stream>
class BeastWebSocket final : public WebSocket {
 public:
  BeastWebSocket(Stream stream, std::unique_ptr<asio::ssl::context> context, Endpoint endpoint)
      : context_(std::move(context)), socket_(std::move(stream)), endpoint_(std::move(endpoint)) {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket's own timeouts hold from here
    socket_.set_option(websocket::stream_base::timeout{
        .handshake_timeout = connect_timeout, .idle_timeout = idle_timeout, .keep_alive_pings = true});
    socket_.read_message_max(largest_message);
    socket_.set_option(websocket::stream_base::decorator([key = endpoint_.key](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "berth/" BERTH_VERSION);
      request.set(beast::http::field::sec_websocket_protocol, subprotocol);
      if (!key.empty()) request.set(beast::http::field::authorization, "Bearer " + key);
    }));
  }

  asio::awaitable<Result<>> handshake(std::string target) {
    websocket::response_type answer;
    auto [error] =
        co_await socket_.async_handshake(answer, endpoint_.authority(), endpoint_.prefix + target, as_result);
    if (error == websocket::error::upgrade_declined)
      co_return pass(error_from_answer(answer.result_int(), answer.body()));
    if (error) co_return pass(connection_error(endpoint_, error));
    co_return Result<>{};
  }

  asio::awaitable<Result<Message>> read() override {
    buffer_.clear();
    auto [error, size] = co_await socket_.async_read(buffer_, as_result);
    if (error) co_return pass(connection_error(endpoint_, error));
    auto data = buffer_.cdata();
    co_return Message{.kind = socket_.got_text() ? Kind::Text : Kind::Binary,
                      .data = {static_cast<const char*>(data.data()), data.size()}};
  }

  asio::awaitable<Result<>> write(Kind kind, std::string data) override {
    socket_.text(kind == Kind::Text);
    auto [error, size] = co_await socket_.async_write(asio::buffer(data), as_result);
    if (error) co_return pass(connection_error(endpoint_, error));
    co_return Result<>{};
  }

  asio::awaitable<Result<>> close() override {
    auto [error] = co_await socket_.async_close(websocket::close_code::normal, as_result);
    if (error) co_return pass(connection_error(endpoint_, error));
    co_return Result<>{};
  }

  void abort() override { beast::get_lowest_layer(socket_).close(); }

 private:
  std::unique_ptr<asio::ssl::context> context_;
  websocket::stream<Stream> socket_;
  Endpoint endpoint_;
  beast::flat_buffer buffer_;
};

template <class Stream>
asio::awaitable<Result<std::unique_ptr<WebSocket>>> upgrade(Stream stream, std::unique_ptr<asio::ssl::context> context,
                                                            Endpoint endpoint, std::string target) {
  auto socket = std::make_unique<BeastWebSocket<Stream>>(std::move(stream), std::move(context), std::move(endpoint));
  CO_TRY(co_await socket->handshake(std::move(target)));
  co_return std::unique_ptr<WebSocket>(std::move(socket));
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<WebSocket>>> open_web_socket(asio::any_io_executor executor, Endpoint endpoint,
                                                                    std::string target) {
  PlainStream stream(executor);
  CO_TRY(co_await connect(&stream, endpoint));
  if (endpoint.transport != Endpoint::Transport::Tls)
    co_return co_await upgrade(std::move(stream), nullptr, std::move(endpoint), std::move(target));
  CO_TRY_ASSIGN(Secured secured, co_await secure(std::move(stream), endpoint));
  co_return co_await upgrade(std::move(*secured.stream), std::move(secured.context), std::move(endpoint),
                             std::move(target));
}

}  // namespace berth::client
