#include "api_ws/session.hpp"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "aio/event.hpp"
#include "api_ws/control_frame.hpp"
#include "os/socket.hpp"

namespace berth::api_ws {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

using WebSocket = websocket::stream<asio::generic::stream_protocol::socket, false>;  // false: no compression, no memory for it
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kept_input_bytes = 4096;           // of the input buffer between messages
constexpr std::chrono::milliseconds close_limit{5'000};  // for the peer's half of the closing handshake
constexpr std::chrono::milliseconds slow_write{100};     // longer: it waited for the peer, who therefore reads

enum class Kind { Text, Binary };

// What the bytes are (1 output, 2 stderr, 3 a screen), then the offset of the first, or of what comes after it; big-endian.
std::array<char, 9> header_of(char kind, ByteOffset offset) {
  std::array<char, 9> header{kind};
  for (std::size_t i = 0; i < 8; ++i) header[1 + i] = static_cast<char>(offset.value >> (56 - 8 * i));
  return header;
}

class WebSocketSession final : public Session, public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(Granted granted, const Settings& settings, const Words& words, log::Logger log)
      : settings_(settings), words_(words), log_(std::move(log)), executor_(granted.attachment->executor()),
        granted_(std::move(granted)), socket_(executor_), watch_(executor_), turn_(executor_), restart_(executor_), gone_(executor_) {
    boost::system::error_code error;
    socket_.next_layer().assign(asio::generic::stream_protocol(AF_UNIX, 0), granted_.connection.get(), error);
    if (!error) (void)granted_.connection.release();
    // While input waits nothing is read and no pong is seen: the kernel tells of a peer that takes nothing any more.
    os::set_unacknowledged_limit(socket_.next_layer().native_handle(), settings_.idle);
  }

  asio::any_io_executor executor() const override { return executor_; }

  asio::awaitable<void> run() override {
    const auto self = shared_from_this();
    heard_ = Clock::now();
    watch(settings_.ping);
    try {
      if (co_await accept()) co_await serve();
    } catch (const std::exception& defect) {
      log_.error("a viewer's connection failed", {{"request_id", granted_.request_id}, {"what", std::string_view(defect.what())}});
    }
    watch_.cancel();
    abort();
    granted_.attachment.reset();
  }

  void restart() override {
    restarting_ = true;
    restart_.notify();
  }

  void abort() override {
    boost::system::error_code ignored;
    socket_.next_layer().close(ignored);
    aborted_ = true;
    gone_.notify();
  }

 private:
  control::Attachment& terminal() { return *granted_.attachment; }

  // The request was checked where it was read; this is its essence again, for the answer.
  asio::awaitable<bool> accept() {
    http::request<http::empty_body> request{http::verb::get, "/", 11};
    request.set(http::field::host, "berth");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::sec_websocket_key, granted_.handshake_key);
    request.set(http::field::sec_websocket_version, "13");
    socket_.set_option(websocket::stream_base::decorator(
        [id = granted_.request_id, named = granted_.names_protocol](websocket::response_type& response) {
          response.set("X-Request-Id", id);
          if (named) response.set(http::field::sec_websocket_protocol, "berth.terminal.v1");
        }));
    socket_.auto_fragment(false);
    socket_.read_message_max(settings_.message_bytes);
    socket_.control_callback([this](websocket::frame_type, beast::string_view) { heard_ = Clock::now(); });
    const auto [error] = co_await socket_.async_accept(request, as_result);
    accepted_ = !error;
    co_return accepted_;
  }

  asio::awaitable<void> serve() {
    using namespace asio::experimental::awaitable_operators;
    const std::string hello = hello_frame(words_.terminal_json(terminal().info()), terminal().position(), terminal().greeting());
    if (!co_await send(Kind::Text, {}, hello)) co_return;
    co_await (write_output() || read_input() || close_for_restart() || until_aborted());
  }

  // Nothing else may be waiting at the socket: input that its program does not take, output that does not come.
  asio::awaitable<void> until_aborted() {
    while (!aborted_)
      if (!co_await gone_.wait()) co_return;
  }

  // ---- to the client ----
  asio::awaitable<void> write_output() {
    for (bool sent = true; sent;) {
      auto part = co_await terminal().read();
      if (!part) {
        if (part.error().code == Code::Cancelled) co_return;
        if (part.error().code == Code::Unauthenticated) {  // its key opens nothing any more
          (void)co_await send_error(part.error());
          co_return co_await close(websocket::close_code::policy_error);
        }
        log_.error("output could not be read", {{"request_id", granted_.request_id}, {"error", part.error()}});
        (void)co_await send_error(part.error());
        co_return co_await close(websocket::close_code::internal_error);
      }
      if (const auto* ended = std::get_if<control::Attachment::Ended>(&*part)) {
        const std::string frame = exit_frame(ended->exit, ended->end, ended->reason);
        (void)co_await send(Kind::Text, {}, frame);
        co_return co_await close(websocket::close_code::normal);
      }
      if (const auto* chunk = std::get_if<control::Attachment::Chunk>(&*part))
        sent = co_await send_bytes(chunk->error ? 2 : 1, chunk->from, chunk->data);
      else
        sent = co_await send_news(*std::move(part));
    }
    while (closing_ && co_await restart_.wait()) {  // whoever closes goes on to the end of the handshake
    }
  }

  asio::awaitable<bool> send_bytes(char kind, ByteOffset offset, std::string_view bytes) {
    const auto header = header_of(kind, offset);
    co_return co_await send(Kind::Binary, {header.data(), header.size()}, bytes);
  }

  asio::awaitable<bool> send_news(control::Attachment::Item item) {
    using Skipped = control::Attachment::Skipped;
    std::string frame;
    if (const auto* seat = std::get_if<control::Attachment::SeatChange>(&item)) frame = seat_frame(*seat);
    if (const auto* size = std::get_if<control::Attachment::SizeChange>(&item)) frame = size_frame(size->size);
    if (const auto* skipped = std::get_if<Skipped>(&item)) frame = skip_frame(*skipped);
    const auto* drawn = std::get_if<control::Attachment::Drawn>(&item);
    if (drawn != nullptr) frame = screen_frame(*drawn);
    if (!co_await send(Kind::Text, {}, frame)) co_return false;
    if (drawn != nullptr) co_return co_await send_bytes(3, drawn->at, drawn->redraw);
    const auto* skipped = std::get_if<Skipped>(&item);
    if (skipped == nullptr || skipped->redraw.empty()) co_return true;
    co_return co_await send_bytes(3, skipped->to, skipped->redraw);
  }

  // One frame at a time: a reply to a control frame waits for the chunk that is under way, and the next input with it.
  asio::awaitable<bool> send(Kind kind, std::string_view head, std::string_view body) {
    while (sending_)
      if (!co_await turn_.wait()) co_return false;
    sending_ = true;
    socket_.binary(kind == Kind::Binary);
    const std::array<asio::const_buffer, 2> frame{asio::buffer(head), asio::buffer(body)};
    const auto began = Clock::now();
    const auto [error, size] = co_await socket_.async_write(frame, as_result);
    if (Clock::now() - began >= slow_write && !error) heard_ = Clock::now();
    sending_ = false;
    turn_.notify();
    co_return !error;
  }

  asio::awaitable<bool> send_error(Error error) {
    const std::string frame = error_frame(error.code, words_.sentence(error));
    co_return co_await send(Kind::Text, {}, frame);
  }

  asio::awaitable<void> close_for_restart() {
    while (!restarting_ || closing_)
      if (!co_await restart_.wait()) co_return;
    co_await close(websocket::close_code::service_restart);
  }

  asio::awaitable<void> close(websocket::close_code code) {
    closing_ = true;
    watch(close_limit);
    (void)co_await socket_.async_close(code, as_result);
  }

  // ---- from the client ----
  asio::awaitable<void> read_input() {
    beast::flat_buffer buffer(settings_.message_bytes + kept_input_bytes);
    for (bool going = true; going;) {
      const auto [error, size] = co_await socket_.async_read(buffer, as_result);
      if (error) {
        if (error == websocket::error::closed && socket_.reason().code == websocket::close_code::normal) terminal().leave();
        co_return;
      }
      heard_ = Clock::now();
      const std::string_view bytes(static_cast<const char*>(buffer.cdata().data()), buffer.size());
      Result<> done;
      if (socket_.got_text()) done = co_await obey(bytes);
      else done = co_await type(bytes);
      if (!done) going = done.error().code != Code::Cancelled && co_await send_error(done.error());
      buffer.clear();
      if (buffer.capacity() > kept_input_bytes) buffer.shrink_to_fit();
    }
  }

  // Waiting here is what holds a client back that types faster than the program reads.
  asio::awaitable<Result<>> type(std::string_view bytes) {
    typing_ = true;
    auto done = co_await terminal().input(bytes);
    typing_ = false;
    heard_ = Clock::now();
    co_return done;
  }

  asio::awaitable<Result<>> obey(std::string_view text) {
    const auto frame = parse_control_frame(text);
    if (!frame) co_return std::unexpected(frame.error());
    if (const auto* resize = std::get_if<Resize>(&*frame)) co_return terminal().resize(resize->size);
    if (const auto* signal = std::get_if<Signal>(&*frame)) co_return terminal().signal(signal->number);
    if (std::holds_alternative<CloseInput>(*frame)) co_return terminal().close_input();
    if (const auto* taken = std::get_if<Acknowledge>(&*frame)) co_return terminal().acknowledge(taken->taken);
    if (std::holds_alternative<TakeOver>(*frame)) co_return terminal().take_over();
    const std::string pong = pong_frame();
    if (!co_await send(Kind::Text, {}, pong)) co_return fail(Code::Cancelled, "The connection was lost.");
    co_return Result<>{};
  }

  // ---- whether anybody is there ----
  void watch(std::chrono::milliseconds after) {
    watch_.expires_after(after);
    watch_.async_wait([self = weak_from_this()](boost::system::error_code error) {
      const auto alive = self.lock();
      if (alive && !error && alive->watch_.expiry() <= Clock::now()) alive->check_life();  // not armed again since
    });
  }

  void check_life() {
    const auto quiet = Clock::now() - heard_;
    if (closing_ || (quiet >= settings_.idle && !typing_)) {
      log_.info("a viewer vanished", {{"request_id", granted_.request_id}, {"quiet_ms", quiet}});
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

  const Settings& settings_;
  const Words& words_;
  log::Logger log_;
  asio::any_io_executor executor_;
  Granted granted_;
  WebSocket socket_;
  asio::steady_timer watch_;
  aio::Event turn_, restart_, gone_;
  Clock::time_point heard_{};
  bool accepted_ = false, sending_ = false, typing_ = false, pinging_ = false, closing_ = false, restarting_ = false, aborted_ = false;
};

}  // namespace

std::shared_ptr<Session> Session::open(Granted granted, const Settings& settings, const Words& words, log::Logger log) {
  return std::make_shared<WebSocketSession>(std::move(granted), settings, words, std::move(log));
}

}  // namespace berth::api_ws
