#pragma once
// One request from its head to its answer, without a byte of HTTP: who asks and from where, which route, the body when it
// may be sent, action, outcome. Private to api_http; on the connection's executor.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "api_http/connection.hpp"
#include "api_http/route.hpp"

namespace berth::api_http {

[[nodiscard]] std::string new_request_id();
[[nodiscard]] std::unexpected<Error> too_large_body(std::optional<std::uint64_t> size, std::uint64_t limit);

// The rest of a request, which is read only after everything that can be known without it was checked.
class Body {
 public:
  virtual ~Body() = default;
  [[nodiscard]] virtual std::optional<std::uint64_t> announced() const = 0;  // Content-Length
  [[nodiscard]] virtual bool complete() const = 0;                           // there is none, or it was read
  [[nodiscard]] virtual bool more_came() const = 0;                          // bytes after the request are here already
  virtual boost::asio::awaitable<void> client_gone() = 0;                     // returns when nobody waits any more
  virtual boost::asio::awaitable<Result<std::string>> read(std::uint64_t limit, bool wants_continue) = 0;
  // As it comes, into a socket; success when who reads there wants no more.
  virtual boost::asio::awaitable<Result<>> pump(UniqueFd into, std::uint64_t limit, bool wants_continue) = 0;
  virtual boost::asio::awaitable<void> never() = 0;                           // returns when it is cancelled
};

class Exchange {
 public:
  Exchange(Shared& shared, const Peer& peer, Request request, Body& body);

  // Never fails: an error is a problem document.
  boost::asio::awaitable<Response> answer();
  // When the answer is a WebSocket: everything but the connection.
  [[nodiscard]] std::optional<Upgraded> take_upgrade() { return std::exchange(upgrade_, std::nullopt); }
  // When it is events as they come: the reader, which the answer's head goes before.
  [[nodiscard]] std::shared_ptr<events::Reader> take_events() { return std::exchange(events_, nullptr); }
  [[nodiscard]] bool is_head() const { return request_.method == "HEAD"; }

 private:
  boost::asio::awaitable<Result<Response>> handle();
  boost::asio::awaitable<Result<control::Caller>> identify(const Route* route);
  boost::asio::awaitable<std::unexpected<Error>> refuse_stranger(Error error);
  boost::asio::awaitable<Result<>> read_body(Match* match);
  boost::asio::awaitable<Result<control::Outcome>> perform(const Route& route, control::Caller caller, control::Action action);
  boost::asio::awaitable<Result<control::Outcome>> take_in(Match match, control::Caller caller);
  boost::asio::awaitable<void> pump(UniqueFd into, Result<>* pumped);
  boost::asio::awaitable<Result<Response>> attach(control::Caller caller, control::Action action);
  [[nodiscard]] bool asks_for_socket(const Route& route) const;
  [[nodiscard]] std::optional<std::string_view> presented_key(const Route& route) const;
  [[nodiscard]] Result<Response> page(Page page) const;
  Response refuse(const Error& error) const;
  void add_common_headers(Response& response) const;

  Shared& shared_;
  const Peer& peer_;
  Request request_;
  Body& body_;
  std::string id_;
  std::string allow_;              // of an address that does not take the method
  unsigned status_ = 0;            // of a refusal that the code alone does not tell
  Origin origin_ = Origin::None;
  std::optional<Upgraded> upgrade_;
  std::shared_ptr<events::Reader> events_;
};

}  // namespace berth::api_http
