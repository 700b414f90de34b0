#include "client/event_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <charconv>
#include <exception>

#include "client/problem.hpp"
#include "client/stream.hpp"

namespace berth::client {
namespace http = beast::http;
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

// One connection after the other; what is remembered between them.
struct Follow {
  const Endpoint& endpoint;
  const EventRequest& request;
  const EventLines::Take& take;
  std::optional<std::uint64_t> after;
  bool reached = false;  // this connection brought something
  bool refused = false;  // an error that trying again does not change

  [[nodiscard]] http::request<http::empty_body> message() const {
    http::request<http::empty_body> out;
    std::string target = endpoint.prefix + request.target;
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += request.follow ? "follow=true" : "follow=false";
    out.method(http::verb::get);
    out.target(target);
    out.version(11);
    out.set(http::field::host, endpoint.authority());
    out.set(http::field::user_agent, "berth/" BERTH_VERSION);
    out.set(http::field::accept, "text/event-stream");
    if (after) out.set("Last-Event-ID", std::to_string(*after));
    if (!endpoint.key.empty()) out.set(http::field::authorization, "Bearer " + endpoint.key);
    return out;
  }
  void remember(const std::string& id) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), value);
    if (error == std::errc{} && end == id.data() + id.size()) after = value;
  }
};

// The body as it comes; success is its end.
template <class Stream>
asio::awaitable<Result<>> read_events(Stream* stream, Follow* follow, beast::flat_buffer* buffer,
                                      http::response_parser<http::buffer_body>* parser) {
  EventLines lines;
  std::array<char, piece_bytes> piece;
  std::string refusal;
  const unsigned status = parser->get().result_int();
  while (!parser->is_done()) {
    auto& body = parser->get().body();
    body.data = piece.data();
    body.size = piece.size();
    beast::get_lowest_layer(*stream).expires_after(follow->request.silence);
    auto [error, size] = co_await http::async_read_some(*stream, *buffer, *parser, as_result);
    if (error && error != http::error::need_buffer) co_return pass(connection_error(follow->endpoint, error));
    const std::string_view bytes(piece.data(), piece.size() - body.size);
    follow->reached = follow->reached || status == 200;
    if (status != 200) {
      if (refusal.size() < EventLines::most_bytes) refusal += bytes;
      continue;
    }
    const auto fed = lines.feed(bytes, follow->take);
    follow->remember(lines.last_id());
    follow->refused = !fed;
    CO_TRY(fed);
  }
  if (status == 200) co_return Result<>{};
  Error error = error_from_answer(status, refusal);
  follow->refused = error.code != Code::Unavailable && error.code != Code::RateLimited;
  co_return pass(std::move(error));
}

template <class Stream>
asio::awaitable<Result<>> exchange(Stream* stream, Follow* follow) {
  auto message = follow->message();
  beast::get_lowest_layer(*stream).expires_after(follow->request.silence);
  auto [write_error, written] = co_await http::async_write(*stream, message, as_result);
  if (write_error) co_return pass(connection_error(follow->endpoint, write_error));
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  auto [error, size] = co_await http::async_read_header(*stream, buffer, parser, as_result);
  if (error) co_return pass(connection_error(follow->endpoint, error));
  co_return co_await read_events(stream, follow, &buffer, &parser);
}

asio::awaitable<Result<>> connect_once(Follow* follow) {
  PlainStream stream(co_await asio::this_coro::executor);
  CO_TRY(co_await connect(&stream, follow->endpoint));
  if (follow->endpoint.transport != Endpoint::Transport::Tls) co_return co_await exchange(&stream, follow);
  CO_TRY_ASSIGN(Secured secured, co_await secure(std::move(stream), follow->endpoint));
  co_return co_await exchange(secured.stream.get(), follow);
}

asio::awaitable<Result<>> follow_on(Follow* follow, const Clock* clock) {
  Backoff backoff(follow->request.backoff, follow->request.seed, *clock);
  for (;;) {
    follow->reached = false;
    const auto ended = co_await connect_once(follow);
    if (follow->refused || !follow->request.follow) co_return ended;
    if (follow->reached) backoff.reset();
    const auto pause = backoff.next();
    if (!pause) co_return ended ? fail(Code::Unavailable, "The server ends the stream again and again.") : ended;
    asio::steady_timer timer(co_await asio::this_coro::executor, *pause);
    (void)co_await timer.async_wait(as_result);
  }
}

}  // namespace

Result<> follow_events(const Endpoint& endpoint, const EventRequest& request, const Clock& clock, const EventLines::Take& take) {
  asio::io_context loop(1);
  Follow follow{.endpoint = endpoint, .request = request, .take = take, .after = request.after};
  Result<> out;
  asio::co_spawn(loop, follow_on(&follow, &clock), [&out](std::exception_ptr thrown, Result<> result) {
    out = thrown ? fail(Code::Internal, "The request failed in an unforeseen way.") : std::move(result);
  });
  loop.run();
  return out;
}

}  // namespace berth::client
