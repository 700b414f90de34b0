#pragma once
// Connecting, inside this room only: the one place that knows unix sockets, TCP and TLS apart. Includes Beast; included
// by two units.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <chrono>
#include <memory>

#include "base/result.hpp"
#include "client/endpoint.hpp"

namespace berth::client {

namespace asio = boost::asio;
namespace beast = boost::beast;

using PlainStream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
using TlsStream = beast::ssl_stream<PlainStream>;

inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
inline constexpr std::chrono::seconds connect_timeout{10};

// The error of a call to `endpoint`, as what it means to a person.
[[nodiscard]] Error connection_error(const Endpoint& endpoint, const boost::system::error_code& cause);

// Connects within `connect_timeout`. For TLS the handshake follows with `secure`.
asio::awaitable<Result<>> connect(PlainStream* stream, Endpoint endpoint);

// The context lives as long as its stream.
struct Secured {
  std::unique_ptr<asio::ssl::context> context;
  std::unique_ptr<TlsStream> stream;
};
asio::awaitable<Result<Secured>> secure(PlainStream stream, Endpoint endpoint);

}  // namespace berth::client
