#include "api_http/listener.hpp"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "os/socket.hpp"

namespace berth::api_http {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds pause_without_descriptors{100};

template <class Protocol>
class Acceptor : public Listener {
 public:
  Acceptor(typename Protocol::acceptor acceptor, Scheme scheme, log::Logger log, OnIncoming incoming)
      : acceptor_(std::move(acceptor)), scheme_(scheme), log_(std::move(log)), incoming_(std::move(incoming)) {}

  asio::awaitable<void> run() override {
    asio::steady_timer pause(acceptor_.get_executor());
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (!error) {
        take(std::move(socket));
      } else if (acceptor_.is_open() && error != asio::error::connection_aborted) {
        if (error == asio::error::operation_aborted) co_return;
        log_.warning("a connection could not be accepted", {{"why", error.message()}});
        pause.expires_after(pause_without_descriptors);
        co_await pause.async_wait(as_result);
      }
    }
  }
  void close() override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }
  std::uint16_t port() const override {
    if constexpr (std::is_same_v<Protocol, Tcp>) return acceptor_.local_endpoint().port();
    return 0;
  }

 private:
  void take(typename Protocol::socket socket) {
    boost::system::error_code error;
    Peer peer{.scheme = scheme_, .local_user = false, .address = "unix"};
    if constexpr (std::is_same_v<Protocol, Tcp>) {
      socket.set_option(Tcp::no_delay(true), error);
      socket.set_option(asio::socket_base::keep_alive(true), error);
      const auto from = socket.remote_endpoint(error);
      if (error) return;
      peer.address = from.address().to_string();
    } else {
      const auto who = os::peer_credentials(socket.native_handle());
      if (!who || (who->uid != ::geteuid() && who->uid != 0)) {
        log_.warning("a stranger's connection was refused", {{"uid", who ? static_cast<std::int64_t>(who->uid) : -1}});
        return;
      }
      peer.local_user = true;
    }
    UniqueFd connection(socket.release(error));
    if (!error) incoming_({std::move(connection), std::move(peer)});
  }

  typename Protocol::acceptor acceptor_;
  Scheme scheme_;
  log::Logger log_;
  OnIncoming incoming_;
};

boost::system::error_code listen_at(Tcp::acceptor& acceptor, const Tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

bool is_loopback(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  return !error && parsed.is_loopback();
}

Result<UniqueFd> listen_tcp(const Settings& settings) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(settings.address, error);
  if (error)
    return fail(Code::InvalidArgument, fmt::format("\"{}\" is no address to listen on.", settings.address),
                "Set http.address to an IP address of this machine.");
  if (!address.is_loopback() && settings.certificate.empty() && !settings.allow_remote)
    return fail(Code::PermissionDenied, fmt::format("{} is not a loopback address: other machines reach it, and there is no TLS.", settings.address),
                "Set http.tls_certificate and http.tls_key, or http.allow_remote to accept that.");
  asio::io_context context;
  Tcp::acceptor acceptor(context);
  const std::uint32_t last = settings.port == 0 ? 0 : std::min<std::uint32_t>(settings.port + settings.port_search, 65535);
  for (std::uint32_t port = settings.port; port <= last; ++port) {
    error = listen_at(acceptor, {address, static_cast<std::uint16_t>(port)});
    if (error != asio::error::address_in_use) break;
  }
  if (error == asio::error::address_in_use)
    return fail(Code::AlreadyExists, fmt::format("Port {} of {} is in use.", settings.port, settings.address),
                "Stop what uses it, or set http.port to another.");
  if (error)
    return std::unexpected(Error{.code = code_from_errno(error.value()),
                                 .message = fmt::format("The server cannot listen on {} port {}: {}.", settings.address,
                                                        settings.port, error.message()),
                                 .hint = "Set http.address and http.port to what this machine has."});
  UniqueFd listening(acceptor.release(error));
  if (error) return fail_errno(error.value(), "release", settings.address);
  return listening;
}

namespace {

// The protocol that is named here matters for opening a socket alone: an address knows its own.
template <class Protocol>
Result<std::unique_ptr<Listener>> over(asio::any_io_executor executor, Protocol protocol, UniqueFd listening, Scheme scheme,
                                       log::Logger log, OnIncoming incoming) {
  boost::system::error_code error;
  typename Protocol::acceptor acceptor(std::move(executor));
  acceptor.assign(protocol, listening.get(), error);
  if (error) return fail_errno(error.value(), "assign");
  (void)listening.release();
  return std::make_unique<Acceptor<Protocol>>(std::move(acceptor), scheme, std::move(log), std::move(incoming));
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::tcp(asio::any_io_executor executor, UniqueFd listening, Scheme scheme, log::Logger log,
                                                OnIncoming incoming) {
  return over(std::move(executor), Tcp::v4(), std::move(listening), scheme, std::move(log), std::move(incoming));
}

Result<std::unique_ptr<Listener>> Listener::unix_socket(asio::any_io_executor executor, UniqueFd listening, log::Logger log,
                                                        OnIncoming incoming) {
  return over(std::move(executor), Local(), std::move(listening), Scheme::Http, std::move(log), std::move(incoming));
}

}  // namespace berth::api_http
