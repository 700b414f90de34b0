#pragma once
// TLS in front of a connection: the server speaks plain HTTP with one end of a socket pair, and this carries the bytes
// between the other end and the encrypted connection. So the rest of the server knows one kind of connection, and a
// WebSocket can be moved to another thread although a TLS state cannot. Private to api_http.
//
// Memory of a connection: its TLS state and two buffers of 16 KiB. Only TLS 1.2 and 1.3 (RFC 9325).

#include <chrono>
#include <filesystem>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::api_http {

class Tls {
 public:
  static Result<std::shared_ptr<Tls>> open(const std::filesystem::path& certificate, const std::filesystem::path& key);
  virtual ~Tls() = default;
  // Until either side is done, or a write makes no progress within `limit`. Never throws.
  virtual boost::asio::awaitable<void> carry(UniqueFd encrypted, UniqueFd plain, std::chrono::milliseconds limit) = 0;
};

}  // namespace berth::api_http
