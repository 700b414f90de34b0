#include "api_ws/line.hpp"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "os/socket.hpp"

namespace berth::api_ws {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds close_limit{5'000};  // for the peer's half of the closing handshake
constexpr std::chrono::milliseconds slow_write{100};     // longer: it waited for the peer, who therefore reads

}  // namespace

Line::Line(asio::any_io_executor executor, UniqueFd connection, const Settings& settings, log::Logger log, std::string request_id)
    : settings_(settings), log_(std::move(log)), request_id_(std::move(request_id)), socket_(executor),
      buffer_(settings.message_bytes + first_.size()), watch_(executor), turn_(executor), ended_(executor), heard_(Clock::now()) {
  boost::system::error_code error;
  socket_.next_layer().assign(asio::generic::stream_protocol(AF_UNIX, 0), connection.get(), error);
  if (!error) (void)connection.release();
  os::set_unacknowledged_limit(socket_.next_layer().native_handle(), settings_.idle);
}

// The request was checked where it was read; this is its essence again, for the answer.
asio::awaitable<bool> Line::accept(std::string handshake_key, std::string protocol) {
  watch(settings_.ping);
  http::request<http::empty_body> request{http::verb::get, "/", 11};
  request.set(http::field::host, "berth");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::connection, "Upgrade");
  request.set(http::field::sec_websocket_key, handshake_key);
  request.set(http::field::sec_websocket_version, "13");
  socket_.set_option(websocket::stream_base::decorator([id = request_id_, protocol](websocket::response_type& response) {
    response.set("X-Request-Id", id);
    if (!protocol.empty()) response.set(http::field::sec_websocket_protocol, protocol);
  }));
  socket_.auto_fragment(false);
  socket_.read_message_max(settings_.message_bytes);
  socket_.control_callback([this](websocket::frame_type, beast::string_view) { heard_ = Clock::now(); });
  const auto [error] = co_await socket_.async_accept(request, as_result);
  accepted_ = !error;
  co_return accepted_;
}

asio::awaitable<bool> Line::send(std::string text) { co_return co_await write(false, text, {}); }

asio::awaitable<bool> Line::send_binary(std::string_view head, std::string_view body) { return write(true, head, body); }

asio::awaitable<bool> Line::write(bool binary, std::string_view head, std::string_view body) {
  const auto self = shared_from_this();
  while (sending_)
    if (!co_await turn_.wait()) co_return false;
  if (aborted_ || closing_) co_return false;
  sending_ = true;
  socket_.binary(binary);
  const std::array<asio::const_buffer, 2> frame{asio::buffer(head), asio::buffer(body)};
  const auto began = Clock::now();
  const auto [error, size] = co_await socket_.async_write(frame, as_result);
  if (!error && Clock::now() - began >= slow_write) heard_ = Clock::now();
  sending_ = false;
  turn_.notify();
  if (error) abort();
  co_return !error;
}

asio::awaitable<std::optional<std::string_view>> Line::receive() {
  const auto self = shared_from_this();
  buffer_.clear();
  buffer_.shrink_to_fit();  // who waits for a client holds no more than keys and acknowledgements take
  const auto [error, size] = co_await socket_.async_read_some(asio::buffer(first_), as_result);
  if (error) co_return std::nullopt;
  heard_ = Clock::now();
  if (socket_.is_message_done()) co_return std::string_view(first_.data(), size);
  buffer_.commit(asio::buffer_copy(buffer_.prepare(size), asio::buffer(first_, size)));
  const auto [broken, rest] = co_await socket_.async_read(buffer_, as_result);
  if (broken) co_return std::nullopt;
  heard_ = Clock::now();
  co_return std::string_view(static_cast<const char*>(buffer_.cdata().data()), buffer_.size());
}

void Line::busy(bool is) {
  busy_ = is;
  heard_ = Clock::now();
}

bool Line::left() const { return socket_.reason().code == websocket::close_code::normal; }

asio::awaitable<void> Line::close(websocket::close_code code) {
  const auto self = shared_from_this();
  closing_ = true;
  watch(close_limit);
  (void)co_await socket_.async_close(code, as_result);
  abort();
}

asio::awaitable<void> Line::until_ended() {
  const auto self = shared_from_this();
  while (!aborted_) {
    if (restarting_ && !closing_) co_return co_await close(websocket::close_code::service_restart);
    if (!co_await ended_.wait()) co_return;
  }
}

void Line::restart() {
  restarting_ = true;
  ended_.notify();
}

void Line::abort() {
  boost::system::error_code ignored;
  socket_.next_layer().close(ignored);
  watch_.cancel();
  aborted_ = true;
  ended_.notify();
}

void Line::watch(std::chrono::milliseconds after) {
  watch_.expires_after(after);
  watch_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto alive = self.lock();
    if (alive && !error && alive->watch_.expiry() <= Clock::now()) alive->check_life();  // not armed again since
  });
}

void Line::check_life() {
  const auto quiet = Clock::now() - heard_;
  if (closing_ || (quiet >= settings_.idle && !busy_)) {
    log_.info("a client vanished", {{"request_id", request_id_}, {"quiet_ms", quiet}});
    return abort();
  }
  if (accepted_ && !pinging_ && quiet >= settings_.ping / 2) {
    pinging_ = true;
    socket_.async_ping({}, [self = shared_from_this()](boost::system::error_code error) {
      self->pinging_ = false;
      if (error && error != asio::error::operation_aborted) self->abort();
    });
  }
  watch(settings_.ping);
}

}  // namespace berth::api_ws
