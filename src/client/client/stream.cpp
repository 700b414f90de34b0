#include "client/stream.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>

#include <fmt/format.h>
#include <openssl/err.h>

#include "os/socket.hpp"

namespace berth::client {
namespace {

Error unavailable(const Endpoint& endpoint) {
  bool local = endpoint.transport == Endpoint::Transport::Unix;
  return Error{
      .code = Code::Unavailable,
      .message = fmt::format("No server answers at {}.", endpoint.describe()),
      .hint = local ? "Start one with `berth server start`." : "Check BERTH_URL and that the server is running."};
}

// Through os, which also reaches paths that are longer than a socket address holds (unix(7): 107 bytes).
Result<> connect_local(PlainStream& stream, const Endpoint& endpoint) {
  auto socket = os::connect_unix(endpoint.path);
  if (!socket) {
    const Error& cause = socket.error();
    return pass(connection_error(endpoint, {cause.sys_errno, boost::system::system_category()}));
  }
  boost::system::error_code error;
  stream.socket().assign(asio::generic::stream_protocol(AF_UNIX, 0), socket->release(), error);
  if (error) return pass(connection_error(endpoint, error));
  return {};
}

}  // namespace

Error connection_error(const Endpoint& endpoint, const boost::system::error_code& cause) {
  if (cause == beast::error::timeout || cause == boost::system::errc::timed_out)
    return Error{.code = Code::Timeout,
                 .message = fmt::format("The server at {} did not answer in time.", endpoint.describe())};
  if (cause == beast::http::error::body_limit || cause == beast::websocket::error::message_too_big ||
      cause == beast::websocket::error::buffer_overflow)
    return Error{.code = Code::TooLarge, .message = "The server's answer is larger than this client accepts."};
  if (cause == boost::system::errc::permission_denied)
    return Error{.code = Code::PermissionDenied,
                 .message = fmt::format("The server's socket at {} belongs to another user.", endpoint.describe()),
                 .hint = "Use your own BERTH_HOME, or BERTH_URL with a key."};
  if (cause.category() == asio::error::get_ssl_category())
    return Error{
        .code = Code::FailedPrecondition,
        .message = fmt::format("The certificate of {} is not trusted ({}).", endpoint.describe(), cause.message()),
        .hint = "Name its certificate authority in BERTH_CA (a PEM file)."};
  Error error = unavailable(endpoint);
  error.operation = "connect";
  error.subject = cause.message();
  return error;
}

asio::awaitable<Result<>> connect(PlainStream* stream, Endpoint endpoint) {
  if (endpoint.transport == Endpoint::Transport::Unix) co_return connect_local(*stream, endpoint);
  asio::ip::tcp::resolver resolver(stream->get_executor());
  auto [unknown, found] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), as_result);
  if (unknown)
    co_return fail(Code::Unavailable, fmt::format("The host {} is not known.", endpoint.host), "Check BERTH_URL.");
  boost::system::error_code last = asio::error::host_not_found;
  for (const auto& entry : found) {
    stream->close();
    stream->expires_after(connect_timeout);
    auto [error] =
        co_await stream->async_connect(asio::generic::stream_protocol::endpoint(entry.endpoint()), as_result);
    last = error;
    if (!error) break;
  }
  if (last) co_return pass(connection_error(endpoint, last));
  boost::system::error_code ignored;  // a matter of speed only
  stream->socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  co_return Result<>{};
}

asio::awaitable<Result<Secured>> secure(PlainStream stream, Endpoint endpoint) {
  Secured out{.context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client)};
  boost::system::error_code error;
  out.context->set_default_verify_paths(error);
  if (!error && !endpoint.ca_file.empty()) out.context->load_verify_file(endpoint.ca_file, error);
  if (error)
    co_return fail(Code::InvalidArgument, "The file of trusted certificates cannot be read.",
                   "Check BERTH_CA: it names a PEM file.");
  out.stream = std::make_unique<TlsStream>(std::move(stream), *out.context);
  out.stream->set_verify_mode(asio::ssl::verify_peer);
  out.stream->set_verify_callback(asio::ssl::host_name_verification(endpoint.host), error);
  if (SSL_set_tlsext_host_name(out.stream->native_handle(), endpoint.host.c_str()) != 1)
    co_return fail(Code::InvalidArgument, "The server's host name is not usable with TLS.");
  beast::get_lowest_layer(*out.stream).expires_after(connect_timeout);
  auto [failed] = co_await out.stream->async_handshake(asio::ssl::stream_base::client, as_result);
  if (failed) co_return pass(connection_error(endpoint, failed));
  co_return out;
}

}  // namespace berth::client
