#include "client/http.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <tuple>
#include <vector>

#include "client/stream.hpp"

namespace berth::client {
namespace http = beast::http;
namespace {

constexpr std::size_t piece_bytes = 64 << 10, problem_bytes = 1 << 20;

http::request<http::string_body> to_beast(const Endpoint& endpoint, const Request& request) {
  http::request<http::string_body> out;
  out.method_string(request.method);
  out.target(endpoint.prefix + request.target);
  out.version(11);
  out.set(http::field::host, endpoint.authority());
  out.set(http::field::user_agent, "berth/" BERTH_VERSION);
  out.set(http::field::connection, "close");
  if (!endpoint.key.empty()) out.set(http::field::authorization, "Bearer " + endpoint.key);
  if (!request.content_type.empty()) out.set(http::field::content_type, request.content_type);
  for (const auto& [name, value] : request.headers) out.set(name, value);
  out.body() = request.body;
  if (request.source) out.chunked(true);
  else out.prepare_payload();
  return out;
}

Response from_beast(http::response<http::string_body> answer) {
  Response out{.status = answer.result_int()};
  for (const auto& field : answer) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    out.headers[name] = std::string(field.value());
  }
  out.body = std::move(answer).body();
  return out;
}

void set_timeout(PlainStream& stream, std::chrono::milliseconds timeout) {
  if (timeout.count() == 0)
    stream.expires_never();
  else
    stream.expires_after(timeout);
}

// The rest of an answer whose head was read, for somebody who takes it piece by piece.
template <class Stream>
asio::awaitable<Result<Response>> read_pieces(Stream* stream, const Endpoint* endpoint, const Request* request,
                                              beast::flat_buffer* buffer, http::response_parser<http::buffer_body>* parser) {
  Response out = from_beast(http::response<http::string_body>(http::response_header<>(parser->get().base())));
  std::vector<char> piece(piece_bytes);
  while (!parser->is_done()) {
    parser->get().body().data = piece.data();
    parser->get().body().size = piece.size();
    set_timeout(beast::get_lowest_layer(*stream), request->timeout);
    auto [error, size] = co_await http::async_read_some(*stream, *buffer, *parser, as_result);
    if (error && error != http::error::need_buffer) co_return pass(connection_error(*endpoint, error));
    const std::string_view got(piece.data(), piece.size() - parser->get().body().size);
    if (out.status >= 300) {
      if (out.body.size() + got.size() > problem_bytes) break;
      out.body += got;
    } else if (!got.empty()) {
      CO_TRY(request->sink(got));
    }
  }
  co_return out;
}

// The head, then the pieces as chunks. Success also when the server takes no more: its answer says why.
template <class Stream>
asio::awaitable<Result<>> write_pieces(Stream* stream, const Request* request, http::request<http::string_body>* message) {
  http::request<http::empty_body> head{http::request_header<>(std::move(message->base()))};
  http::request_serializer<http::empty_body> serializer(head);
  set_timeout(beast::get_lowest_layer(*stream), request->timeout);
  auto [refused, written] = co_await http::async_write_header(*stream, serializer, as_result);
  for (bool last = false; !refused && !last;) {
    CO_TRY_ASSIGN(const std::string piece, request->source());
    last = piece.empty();
    set_timeout(beast::get_lowest_layer(*stream), request->timeout);
    if (last) std::tie(refused, written) = co_await asio::async_write(*stream, http::make_chunk_last(), as_result);
    else std::tie(refused, written) = co_await asio::async_write(*stream, http::make_chunk(asio::buffer(piece)), as_result);
  }
  co_return Result<>{};
}

template <class Stream>
asio::awaitable<Result<Response>> exchange_pieces(Stream* stream, const Endpoint* endpoint, const Request* request) {
  auto message = to_beast(*endpoint, *request);
  set_timeout(beast::get_lowest_layer(*stream), request->timeout);
  auto [write_error, written] = co_await http::async_write(*stream, message, as_result);
  if (write_error) co_return pass(connection_error(*endpoint, write_error));
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  auto [read_error, read] = co_await http::async_read_header(*stream, buffer, parser, as_result);
  if (read_error) co_return pass(connection_error(*endpoint, read_error));
  co_return co_await read_pieces(stream, endpoint, request, &buffer, &parser);
}

template <class Stream>
asio::awaitable<Result<Response>> exchange(Stream* stream, const Endpoint* endpoint, const Request* request) {
  if (request->sink) co_return co_await exchange_pieces(stream, endpoint, request);
  auto message = to_beast(*endpoint, *request);
  set_timeout(beast::get_lowest_layer(*stream), request->timeout);
  // A server that refuses a large body answers before it has read all of it: the answer counts, not the failed write.
  boost::system::error_code write_error;
  std::size_t written = 0;
  if (request->source) CO_TRY(co_await write_pieces(stream, request, &message));
  else std::tie(write_error, written) = co_await http::async_write(*stream, message, as_result);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(request->answer_limit);
  if (request->method == "HEAD") parser.skip(true);
  auto [read_error, read] = co_await http::async_read(*stream, buffer, parser, as_result);
  if (read_error && write_error) co_return pass(connection_error(*endpoint, write_error));
  if (read_error) co_return pass(connection_error(*endpoint, read_error));
  co_return from_beast(parser.release());
}

asio::awaitable<Result<Response>> perform(asio::any_io_executor executor, const Endpoint* endpoint,
                                          const Request* request) {
  PlainStream stream(executor);
  CO_TRY(co_await connect(&stream, *endpoint));
  if (endpoint->transport != Endpoint::Transport::Tls) co_return co_await exchange(&stream, endpoint, request);
  CO_TRY_ASSIGN(Secured secured, co_await secure(std::move(stream), *endpoint));
  co_return co_await exchange(secured.stream.get(), endpoint, request);
}

}  // namespace

Result<Response> send(const Endpoint& endpoint, const Request& request) {
  asio::io_context loop(1);
  std::optional<Result<Response>> out;
  auto done = [&out](std::exception_ptr thrown, Result<Response> result) {
    if (thrown)
      out = fail(Code::Internal, "The request failed in an unforeseen way.");
    else
      out = std::move(result);
  };
  asio::co_spawn(loop, perform(loop.get_executor(), &endpoint, &request), done);
  loop.run();
  return *std::move(out);
}

}  // namespace berth::client
