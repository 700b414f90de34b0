#include "api_http/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace berth::api_http {

namespace {

namespace asio = boost::asio;
using Socket = asio::generic::stream_protocol::socket;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t record_bytes = 16 << 10;
constexpr std::chrono::milliseconds goodbye_limit{500};  // for the peer's half

// One connection. Both directions run until one of them closes both sockets, which ends the other.
class Carrier : public std::enable_shared_from_this<Carrier> {
 public:
  Carrier(asio::any_io_executor executor, asio::ssl::context& context, std::chrono::milliseconds limit)
      : encrypted_(executor, context), plain_(executor), timer_(executor), limit_(limit) {}

  bool adopt(UniqueFd encrypted, UniqueFd plain) {
    boost::system::error_code first, second;
    encrypted_.next_layer().assign(asio::generic::stream_protocol(AF_UNIX, 0), encrypted.get(), first);
    if (!first) (void)encrypted.release();
    plain_.assign(asio::generic::stream_protocol(AF_UNIX, 0), plain.get(), second);
    if (!second) (void)plain.release();
    return !first && !second;
  }

  asio::awaitable<void> run() {
    using namespace asio::experimental::awaitable_operators;
    arm(limit_);
    const auto [error] = co_await encrypted_.async_handshake(asio::ssl::stream_base::server, as_result);
    timer_.cancel();
    if (!error) co_await (inwards() && outwards());
    close();
  }

 private:
  void arm(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (self && !error && self->timer_.expiry() <= std::chrono::steady_clock::now()) self->close();  // not armed again since
    });
  }
  void close() {
    boost::system::error_code ignored;
    timer_.cancel();
    encrypted_.next_layer().close(ignored);
    plain_.close(ignored);
  }

  // The server holds the client back by not reading; there is no time limit on that side.
  asio::awaitable<void> inwards() {
    std::vector<char> buffer(record_bytes);
    for (;;) {
      const auto [read_error, size] = co_await encrypted_.async_read_some(asio::buffer(buffer), as_result);
      if (read_error) break;
      const auto [write_error, written] = co_await asio::async_write(plain_, asio::buffer(buffer.data(), size), as_result);
      if (write_error) co_return close();
    }
    boost::system::error_code ignored;
    plain_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  asio::awaitable<void> outwards() {
    std::vector<char> buffer(record_bytes);
    for (;;) {
      const auto [read_error, size] = co_await plain_.async_read_some(asio::buffer(buffer), as_result);
      if (read_error) break;
      arm(limit_);
      const auto [write_error, written] = co_await asio::async_write(encrypted_, asio::buffer(buffer.data(), size), as_result);
      timer_.cancel();
      if (write_error) co_return close();
    }
    arm(goodbye_limit);
    (void)co_await encrypted_.async_shutdown(as_result);
    close();
  }

  asio::ssl::stream<Socket> encrypted_;
  Socket plain_;
  asio::steady_timer timer_;
  std::chrono::milliseconds limit_;
};

class OpenSslTls final : public Tls {
 public:
  asio::ssl::context context{asio::ssl::context::tls_server};

  asio::awaitable<void> carry(UniqueFd encrypted, UniqueFd plain, std::chrono::milliseconds limit) override {
    const auto carrier = std::make_shared<Carrier>(co_await asio::this_coro::executor, context, limit);
    try {
      if (carrier->adopt(std::move(encrypted), std::move(plain))) co_await carrier->run();
    } catch (const std::exception&) {
      // Out of memory, or cancelled: the sockets close with the carrier, and both peers see that.
    }
  }
};

}  // namespace

Result<std::shared_ptr<Tls>> Tls::open(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  auto tls = std::make_shared<OpenSslTls>();
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(tls->context.native_handle(), TLS1_2_VERSION);
  tls->context.use_certificate_chain_file(certificate, error);
  if (error)
    return std::unexpected(Error{.code = Code::InvalidArgument, .message = "The TLS certificate cannot be used: " + error.message() + ".",
                                 .hint = "Set http.tls_certificate to a PEM file.", .subject = certificate});
  tls->context.use_private_key_file(key, asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(tls->context.native_handle()) != 1)
    return std::unexpected(Error{.code = Code::InvalidArgument, .message = "The TLS key cannot be used, or is of another certificate.",
                                 .hint = "Set http.tls_key to the PEM file of the certificate's key.", .subject = key});
  return tls;
}

}  // namespace berth::api_http
