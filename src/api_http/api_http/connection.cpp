#include "api_http/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <array>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "aio/event.hpp"
#include "api_http/event_text.hpp"
#include "api_http/exchange.hpp"
#include "api_http/problem.hpp"
#include "control/streams.hpp"

namespace berth::api_http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
// The bytes of a body as they come, without room for what was announced: who takes them away meanwhile needs none.
struct Bytes {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      const std::size_t before = body_.size();
      for (const asio::const_buffer piece : beast::buffers_range_ref(buffers)) body_.append(static_cast<const char*>(piece.data()), piece.size());
      return body_.size() - before;
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

using Parser = http::request_parser<Bytes>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t first_read_bytes = 1024;       // what an idle connection holds
constexpr std::size_t linger_bytes = 16 << 20;       // of a refused body, read so that the answer is not lost by a reset
constexpr std::chrono::seconds linger_time{2};

Request head_of(const Parser& parser) {
  Request request{.method = std::string(parser.get().method_string()), .target = std::string(parser.get().target()),
                  .headers = {}, .body = {}};
  for (const auto& field : parser.get()) request.headers.emplace_back(field.name_string(), field.value());
  return request;
}

class HttpConnection final : public Connection, private Body {
 public:
  HttpConnection(Shared& shared, asio::any_io_executor executor, UniqueFd fd, Peer peer)
      : shared_(shared), peer_(std::move(peer)), stream_(std::move(executor)),
        buffer_(shared.limits.header_bytes + (64 << 10)) {
    boost::system::error_code error;
    stream_.socket().assign(asio::generic::stream_protocol(AF_UNIX, 0), fd.get(), error);
    if (!error) (void)fd.release();
    else broken_ = true;
  }

  asio::awaitable<void> run() override {
    try {
      while (!broken_ && (!finishing_ || patient_) && co_await wait_for_request() && co_await serve_one()) {
      }
    } catch (const std::exception& defect) {
      shared_.log.error("a connection failed", {{"what", std::string_view(defect.what())}});
    }
    if (finishing_ && !broken_ && between_ && buffer_.size() == 0 && stream_.socket().is_open())
      left_ = UniqueFd(stream_.release_socket().release());
    stream_.close();
  }

  std::optional<UniqueFd> take_idle() override { return std::exchange(left_, std::nullopt); }

  void finish(Finish how) override {
    finishing_ = true;
    patient_ = how == Finish::AfterFirst && fresh_;
    if (idle_ && !patient_) stream_.cancel();
    if (told_to_finish_) told_to_finish_->notify();
  }
  void abort() override {
    between_ = false;
    stream_.close();
  }

 private:
  asio::awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) co_return true;
    buffer_.shrink_to_fit();
    stream_.expires_after(shared_.limits.idle);
    idle_ = true;
    auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(first_read_bytes), as_result);
    idle_ = false;
    between_ = error == asio::error::operation_aborted && finishing_;
    if (error) co_return false;
    buffer_.commit(size);
    co_return true;
  }

  asio::awaitable<bool> serve_one() {
    between_ = fresh_ = patient_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
    parser_->body_limit(boost::none);
    stream_.expires_after(shared_.limits.request);
    auto [error, size] = co_await http::async_read_header(stream_, buffer_, *parser_, as_result);
    if (error) co_return co_await refuse_head(error);

    Exchange exchange(shared_, peer_, head_of(*parser_), *this);
    Response response = co_await exchange.answer();
    if (auto upgrade = exchange.take_upgrade()) {
      hand_over(*std::move(upgrade));
      co_return false;
    }
    if (broken_) co_return false;
    if (const auto events = exchange.take_events()) {
      if (co_await write_head(response, false) && !exchange.is_head()) co_await stream(events);
      co_return false;
    }
    const bool unread = !parser_->is_done();
    const bool keep = parser_->keep_alive() && !unread && !finishing_ && !shared_.stopping;
    const bool sent = response.stream ? co_await write_stream(std::move(response), keep, exchange.is_head())
                                      : co_await write(std::move(response), keep, exchange.is_head());
    if (sent && unread) co_await linger();
    between_ = sent && keep;
    co_return between_;
  }

  // The head was not HTTP, or too much of it. A peer that only went away gets nothing.
  asio::awaitable<bool> refuse_head(boost::system::error_code error) {
    const bool too_large = error == http::error::header_limit || error == http::error::buffer_overflow;
    const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
    if (gone || (!too_large && error.category() != make_error_code(http::error::bad_target).category())) co_return false;
    const Error refused{.code = too_large ? Code::TooLarge : Code::InvalidArgument,
                        .message = too_large ? fmt::format("The header is larger than {} bytes.", shared_.limits.header_bytes)
                                             : "This is not a well formed HTTP/1.1 request."};
    const std::string id = new_request_id();
    Response response = problem_response(refused, id, too_large ? 431 : 400);
    response.headers.emplace_back("X-Request-Id", id);
    if (co_await write(std::move(response), false, false)) co_await linger();
    co_return false;
  }

  std::optional<std::uint64_t> announced() const override {
    const auto length = parser_->content_length();
    if (length) return *length;
    return std::nullopt;
  }
  bool complete() const override { return parser_->is_done(); }
  bool more_came() const override { return buffer_.size() > 0; }

  asio::awaitable<Result<std::string>> read(std::uint64_t limit, bool wants_continue) override {
    parser_->body_limit(limit);
    if (wants_continue) CO_TRY(co_await go_on());
    while (!parser_->is_done()) {
      stream_.expires_after(shared_.limits.request);
      auto [error, size] = co_await http::async_read_some(stream_, buffer_, *parser_, as_result);
      if (error == http::error::body_limit) co_return too_large_body({}, limit);
      if (error) co_return lost(error);
    }
    co_return std::move(parser_->get().body());
  }

  asio::awaitable<Result<>> pump(UniqueFd into, std::uint64_t limit, bool wants_continue) override {
    Stream out(stream_.get_executor());
    boost::system::error_code broken;
    out.socket().assign(asio::generic::stream_protocol(AF_UNIX, 0), into.get(), broken);
    if (broken) co_return fail(Code::Internal, "", broken.message());
    (void)into.release();
    parser_->body_limit(limit);
    if (wants_continue) CO_TRY(co_await go_on());
    while (!parser_->is_done()) {
      stream_.expires_after(shared_.limits.request);
      auto [error, size] = co_await http::async_read_some(stream_, buffer_, *parser_, as_result);
      if (error == http::error::body_limit) co_return too_large_body({}, limit);
      if (error == asio::error::operation_aborted) co_return fail(Code::Cancelled, "Nobody reads it any more.");
      if (error) co_return lost(error);
      const std::string piece = std::exchange(parser_->get().body(), {});
      if (piece.empty()) continue;
      auto [refused, written] = co_await asio::async_write(out, asio::buffer(piece), as_result);
      if (refused) break;  // who reads has enough, and says why
    }
    co_return Result<>{};
  }

  asio::awaitable<void> never() override {
    asio::steady_timer timer(stream_.get_executor(), asio::steady_timer::time_point::max());
    (void)co_await timer.async_wait(as_result);
  }

  // The end of what the client sends counts as its going: half of a connection is of no use to a wait. Bytes of a next
  // request are left where they are.
  asio::awaitable<void> client_gone() override {
    const auto [error] = co_await stream_.socket().async_wait(asio::socket_base::wait_read, as_result);
    if (error) co_return;  // cancelled, or closed by us
    char next = 0;
    boost::system::error_code ended;
    const std::size_t there = stream_.socket().receive(asio::buffer(&next, 1), asio::socket_base::message_peek, ended);
    broken_ = broken_ || ended || there == 0;
    if (!broken_) co_await never();
  }

  asio::awaitable<Result<>> go_on() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.expires_after(shared_.limits.request);
    auto [error, size] = co_await asio::async_write(stream_, asio::buffer(line), as_result);
    if (error) co_return lost(error);
    co_return Result<>{};
  }

  std::unexpected<Error> lost(boost::system::error_code error) {
    const bool malformed = error.category() == make_error_code(http::error::bad_target).category() &&
                           error != http::error::end_of_stream && error != http::error::partial_message;
    if (malformed) return fail(Code::InvalidArgument, "The body is not well formed.");
    broken_ = true;
    return fail(Code::Cancelled, "The connection was lost.");
  }

  asio::awaitable<bool> write(Response response, bool keep_alive, bool head_only) {
    http::response<http::string_body> message{static_cast<http::status>(response.status),
                                              parser_->get().version() == 10 ? 10u : 11u, std::move(response.body)};
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
    if (response.status != 204) message.content_length(message.body().size());
    message.keep_alive(keep_alive);
    http::response_serializer<http::string_body> serializer{message};
    serializer.split(head_only);
    while (head_only ? !serializer.is_header_done() : !serializer.is_done()) {
      stream_.expires_after(shared_.limits.request);
      auto [error, size] = co_await http::async_write_some(stream_, serializer, as_result);
      if (error) co_return false;
    }
    co_return true;
  }

  asio::awaitable<bool> write_head(const Response& response, bool keep_alive) {
    http::response<http::empty_body> message{static_cast<http::status>(response.status), chunked() ? 11u : 10u};
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    message.set(http::field::content_type, response.content_type);
    message.chunked(chunked());
    message.keep_alive(keep_alive && chunked());
    http::response_serializer<http::empty_body> serializer{message};
    stream_.expires_after(shared_.limits.request);
    auto [error, size] = co_await http::async_write_header(stream_, serializer, as_result);
    co_return !error;
  }

  bool chunked() const { return parser_->get().version() != 10; }

  // Chunks as they are read. What fails on the way ends the connection without the last chunk, so that the client knows.
  // A client of HTTP/1.0 knows no chunks: its answer ends with the connection.
  asio::awaitable<bool> write_stream(Response response, bool keep_alive, bool head_only) {
    if (!co_await write_head(response, keep_alive)) co_return false;
    while (!head_only) {
      const auto piece = co_await response.stream->next();
      if (!piece) {
        shared_.log.warning("a stream broke off", {{"error", piece.error()}});
        co_return false;
      }
      if (!*piece) co_return co_await write_last_chunk() && chunked();
      if (!co_await write_piece(**piece)) co_return false;
    }
    co_return chunked();
  }

  asio::awaitable<bool> write_piece(std::string_view piece) {
    if (!chunked()) co_return co_await write_all(piece);
    const std::string framed = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    co_return co_await write_all(framed);
  }

  asio::awaitable<bool> write_last_chunk() {
    if (!chunked()) co_return true;
    co_return co_await write_all("0\r\n\r\n");
  }

  asio::awaitable<bool> write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      stream_.expires_after(shared_.limits.request);
      auto [error, size] = co_await stream_.async_write_some(asio::buffer(bytes), as_result);
      if (error) co_return false;
      bytes.remove_prefix(size);
    }
    co_return true;
  }

  // ---- events, until one of the two ends: each piece is sent before the next one is asked for ----
  asio::awaitable<void> stream(std::shared_ptr<events::Reader> reader) {
    using namespace asio::experimental::awaitable_operators;
    stream_.expires_never();
    told_to_finish_.emplace(stream_.get_executor());
    co_await (write_events(reader) || until_gone() || until_told());
    told_to_finish_.reset();
  }

  asio::awaitable<void> write_events(std::shared_ptr<events::Reader> reader) {
    for (;;) {
      const auto news = co_await reader->next(shared_.limits.heartbeat);
      if (!news && news.error().code != Code::Cancelled) {
        shared_.log.info("a stream of events ends", {{"error", news.error()}});
        (void)co_await write_piece(closed_stream_text(news.error()));
      }
      if (!news || news->end) {
        (void)co_await write_last_chunk();
        co_return;
      }
      if (!co_await write_piece(event_stream_text(*news))) co_return;
    }
  }

  // What a client says meanwhile is of no interest; that it is gone is.
  asio::awaitable<void> until_gone() {
    std::array<char, 256> ignored;
    for (;;) {
      auto [error, size] = co_await stream_.socket().async_read_some(asio::buffer(ignored), as_result);
      if (error) break;
    }
    stream_.close();
  }

  asio::awaitable<void> until_told() {
    while (!finishing_)
      if (!co_await told_to_finish_->wait()) co_return;
  }

  asio::awaitable<void> linger() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
    stream_.expires_after(linger_time);
    buffer_.clear();
    for (std::size_t total = 0; total < linger_bytes;) {
      auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(4096), as_result);
      if (error) break;
      total += size;
    }
  }

  void hand_over(Upgraded upgrade) {
    stream_.expires_never();
    upgrade.ticket = std::move(peer_.ticket);
    upgrade.connection.reset(stream_.release_socket().release());
    shared_.takeover(std::move(upgrade));
  }

  Shared& shared_;
  Peer peer_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<UniqueFd> left_;
  std::optional<aio::Event> told_to_finish_;  // while events are sent
  bool idle_ = false, finishing_ = false, broken_ = false;
  bool between_ = true;              // two requests
  bool fresh_ = true, patient_ = false;  // nothing was asked yet; may ask once although it finishes
};

}  // namespace

std::unique_ptr<Connection> Connection::open(Shared& shared, asio::any_io_executor executor, UniqueFd fd, Peer peer) {
  return std::make_unique<HttpConnection>(shared, std::move(executor), std::move(fd), std::move(peer));
}

}  // namespace berth::api_http
