#include "api_ws/session.hpp"

#include <array>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api_ws/control_frame.hpp"
#include "api_ws/line.hpp"

namespace berth::api_ws {

namespace {

namespace asio = boost::asio;
using boost::beast::websocket::close_code;

// What the bytes are (1 output, 2 stderr, 3 a screen), then the offset of the first, or of what comes after it; big-endian.
std::array<char, 9> header_of(char kind, ByteOffset offset) {
  std::array<char, 9> header{kind};
  for (std::size_t i = 0; i < 8; ++i) header[1 + i] = static_cast<char>(offset.value >> (56 - 8 * i));
  return header;
}

class WebSocketSession final : public Session, public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(Granted granted, const Settings& settings, const Words& words, log::Logger log)
      : words_(words), log_(log), executor_(granted.attachment->executor()), granted_(std::move(granted)),
        line_(std::make_shared<Line>(executor_, std::move(granted_.connection), settings, std::move(log), granted_.request_id)) {}

  asio::any_io_executor executor() const override { return executor_; }
  void restart() override { line_->restart(); }
  void abort() override { line_->abort(); }

  asio::awaitable<void> run() override {
    const auto self = shared_from_this();
    try {
      if (co_await line_->accept(granted_.handshake_key, granted_.names_protocol ? "berth.terminal.v1" : "")) co_await serve();
    } catch (const std::exception& defect) {
      log_.error("a viewer's connection failed", {{"request_id", granted_.request_id}, {"what", std::string_view(defect.what())}});
    }
    line_->abort();
    granted_.attachment.reset();
  }

 private:
  control::Attachment& terminal() { return *granted_.attachment; }

  asio::awaitable<void> serve() {
    using namespace asio::experimental::awaitable_operators;
    std::string hello = hello_frame(words_.terminal_json(terminal().info()), terminal().position(), terminal().greeting());
    if (!co_await line_->send(std::move(hello))) co_return;
    co_await (write_output() || read_input() || line_->until_ended());
  }

  // ---- to the client ----
  asio::awaitable<void> write_output() {
    for (bool sent = true; sent;) {
      auto part = co_await terminal().read();
      if (!part) {
        if (part.error().code == Code::Cancelled) co_return;
        if (part.error().code == Code::Unauthenticated || part.error().code == Code::PermissionDenied) {  // it may not any more
          (void)co_await send_error(part.error());
          co_return co_await line_->close(close_code::policy_error);
        }
        log_.error("output could not be read", {{"request_id", granted_.request_id}, {"error", part.error()}});
        (void)co_await send_error(part.error());
        co_return co_await line_->close(close_code::internal_error);
      }
      if (const auto* ended = std::get_if<control::Attachment::Ended>(&*part)) {
        std::string frame = exit_frame(ended->exit, ended->end, ended->reason);
        (void)co_await line_->send(std::move(frame));
        co_return co_await line_->close(close_code::normal);
      }
      if (const auto* chunk = std::get_if<control::Attachment::Chunk>(&*part))
        sent = co_await send_bytes(chunk->error ? 2 : 1, chunk->from, chunk->data);
      else
        sent = co_await send_news(*std::move(part));
    }
    co_await line_->until_ended();  // whoever closes goes on to the end of the handshake
  }

  asio::awaitable<bool> send_bytes(char kind, ByteOffset offset, std::string_view bytes) {
    const auto header = header_of(kind, offset);
    co_return co_await line_->send_binary({header.data(), header.size()}, bytes);
  }

  asio::awaitable<bool> send_news(control::Attachment::Item item) {
    using Skipped = control::Attachment::Skipped;
    std::string frame;
    if (const auto* seat = std::get_if<control::Attachment::SeatChange>(&item)) frame = seat_frame(*seat);
    if (const auto* size = std::get_if<control::Attachment::SizeChange>(&item)) frame = size_frame(size->size);
    if (const auto* skipped = std::get_if<Skipped>(&item)) frame = skip_frame(*skipped);
    const auto* drawn = std::get_if<control::Attachment::Drawn>(&item);
    if (drawn != nullptr) frame = screen_frame(*drawn);
    if (!co_await line_->send(std::move(frame))) co_return false;
    if (drawn != nullptr) co_return co_await send_bytes(3, drawn->at, drawn->redraw);
    const auto* skipped = std::get_if<Skipped>(&item);
    if (skipped == nullptr || skipped->redraw.empty()) co_return true;
    co_return co_await send_bytes(3, skipped->to, skipped->redraw);
  }

  asio::awaitable<bool> send_error(Error error) {
    std::string frame = error_frame(error.code, words_.sentence(error));
    co_return co_await line_->send(std::move(frame));
  }

  // ---- from the client ----
  asio::awaitable<void> read_input() {
    for (bool going = true; going;) {
      const auto bytes = co_await line_->receive();
      if (!bytes) {
        if (line_->left()) terminal().leave();
        co_return;
      }
      Result<> done;
      if (line_->got_text()) done = co_await obey(*bytes);
      else done = co_await type(*bytes);
      if (!done) going = done.error().code != Code::Cancelled && co_await send_error(done.error());
    }
  }

  // Waiting here is what holds a client back that types faster than the program reads.
  asio::awaitable<Result<>> type(std::string_view bytes) {
    line_->busy(true);
    auto done = co_await terminal().input(bytes);
    line_->busy(false);
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
    if (!co_await line_->send(pong_frame())) co_return fail(Code::Cancelled, "The connection was lost.");
    co_return Result<>{};
  }

  const Words& words_;
  log::Logger log_;
  asio::any_io_executor executor_;
  Granted granted_;
  std::shared_ptr<Line> line_;
};

}  // namespace

std::shared_ptr<Session> Session::open(Granted granted, const Settings& settings, const Words& words, log::Logger log) {
  return std::make_shared<WebSocketSession>(std::move(granted), settings, words, std::move(log));
}

}  // namespace berth::api_ws
