#include "client/attach.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <utility>

#include "base/check.hpp"
#include "client/terminal_frames.hpp"
#include "vt/queries.hpp"

namespace berth::client {
namespace asio = boost::asio;
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr std::chrono::seconds close_limit{1};  // for the server's half of the closing handshake

bool worth_trying_again(const Error& error) {
  return error.code == Code::Unavailable || error.code == Code::Timeout || error.code == Code::RateLimited;
}

// Why reading one connection stopped.
struct Stop {
  std::optional<AttachEnd> end;  // the terminal's
  Error error;                   // otherwise
  bool final = false;            // trying again is of no use
};

}  // namespace

// All of it is touched on the loop's thread only, but `pending` and posts to the loop.
struct Attach::Session {
  struct Item {
    WebSocket::Kind kind;
    std::string data;
  };

  OpenSocket open;
  AttachOptions options;
  Viewer& viewer;
  Backoff backoff;
  Position position;
  asio::io_context loop{1};
  asio::steady_timer wake{loop};     // the writer waits here; canceled when there is something to do
  asio::steady_timer pause{loop};    // between two tries
  asio::steady_timer written{loop};  // canceled when the writer ended
  asio::cancellation_signal stop_opening;
  std::deque<Item> outbox;
  std::atomic<std::size_t> pending{0};  // bytes of input in the outbox or on their way to it
  WebSocket* socket = nullptr;
  bool size_changed = false, closing = false, writing = false, saying_goodbye = false, detached = false;
  std::optional<bool> writer;        // our seat, as the server said last
  ByteOffset live;                   // what programs ask from here on is ours to answer, while we are the writer
  std::uint64_t window_bytes = 0;
  ByteOffset acknowledged;
  bool ack_due = false;
  bool screen_due = false;           // it was announced; without it what follows makes no sense
  vt::QueryFilter filter;            // of what is shown on a terminal that answers

  Session(OpenSocket o, AttachOptions a, Viewer& v, const Clock& clock)
      : open(std::move(o)),
        options(std::move(a)),
        viewer(v),
        backoff(options.backoff, options.seed, clock),
        position(options.from) {}

  std::string target() const {
    std::string out = fmt::format("/v1/terminals/{}/attach?acknowledge=true", percent_encode(options.terminal));
    if (position.next()) out += fmt::format("&from={}", position.next()->value);
    else if (!options.at.empty()) out += "&at=" + percent_encode(options.at);
    if (options.slow != AttachOptions::Slow::AsConfigured)
      out += options.slow == AttachOptions::Slow::Skip ? "&slow=skip" : "&slow=wait";
    if (options.seat == AttachOptions::Seat::Never) out += "&seat=read";
    if (options.seat == AttachOptions::Seat::TakeOver && !writer) out += "&seat=take";  // once: a reconnect never does
    if (!options.name.empty()) out += "&viewer=" + options.name;
    if (writer) out += *writer ? "&had=writer" : "&had=reader";
    if (options.answers) out += "&answers=true";
    return out;
  }

  ByteOffset next() const { return position.next().value_or(ByteOffset{}); }

  void push(Item item) {
    outbox.push_back(std::move(item));
    wake.cancel();
  }

  void free_input(std::size_t bytes) {
    std::size_t before = pending.fetch_sub(bytes);
    if (before >= input_room && before - bytes < input_room) viewer.room();
  }

  // ---- writing: whatever waits, until closing ----
  asio::awaitable<Result<>> write_next(WebSocket* to) {
    if (ack_due) {
      ack_due = false;
      acknowledged = next();
      co_return co_await to->write(WebSocket::Kind::Text, ack_frame(acknowledged));
    }
    if (size_changed) {
      size_changed = false;
      co_return co_await to->write(WebSocket::Kind::Text, resize_frame(*options.size));
    }
    // A frame that was not written to its end counts for nothing at the server: it comes again on the next connection.
    CO_TRY(co_await to->write(outbox.front().kind, outbox.front().data));
    const Item done = std::move(outbox.front());
    outbox.pop_front();
    if (done.kind == WebSocket::Kind::Binary) free_input(done.data.size());
    co_return Result<>{};
  }

  asio::awaitable<void> write_all(WebSocket* to) {
    while (!closing) {
      if (!size_changed && !ack_due && outbox.empty()) {
        wake.expires_at(asio::steady_timer::time_point::max());
        (void)co_await wake.async_wait(as_result);
        continue;
      }
      if (auto result = co_await write_next(to); !result) {
        to->abort();  // the reader tells why
        break;
      }
    }
  }

  // ---- reading: until the end or a failure ----
  static Stop finally(Error error) { return Stop{.error = std::move(error), .final = true}; }

  // All that came is shown: the server may send more once a good part of its window is.
  void acknowledge() {
    if (window_bytes == 0 || next() - acknowledged < window_bytes / 4) return;
    ack_due = true;
    wake.cancel();
  }

  std::optional<Stop> on_hello(HelloFrame& hello) {
    if (auto begun = position.begin(hello.from); !begun) return finally(std::move(begun).error());
    backoff.reset();
    screen_due = hello.screen;
    writer = hello.writer;
    live = hello.live;
    window_bytes = hello.window_bytes;
    acknowledged = hello.from;
    viewer.connected(hello.terminal);
    viewer.seat(hello.writer, {});
    return std::nullopt;
  }

  std::optional<Stop> on_exit(ExitFrame& exit) {
    if (exit.end > next())
      return finally(Error{.code = Code::Damaged, .message = "The server ended the terminal before its last output."});
    return Stop{
        .end = AttachEnd{.exit_code = exit.exit_code, .signal = exit.signal, .reason = std::move(exit.reason), .next = next()}};
  }

  std::optional<Stop> on_skip(const SkipFrame& skip) {
    if (auto moved = position.skip(skip.from, skip.to); !moved) return finally(std::move(moved).error());
    filter = {};
    if (auto told = viewer.skipped(skip.from, skip.to, skip.reason); !told) return finally(std::move(told).error());
    if (!skip.redraw) acknowledge();
    return std::nullopt;
  }

  void on_seat(const SeatFrame& seat) {
    writer = seat.writer;
    live = seat.live;
    viewer.seat(seat.writer, seat.reason);
  }

  std::optional<Stop> on_text(std::string_view message) {
    auto frame = parse_text(message);
    if (!frame) return finally(std::move(frame).error());
    if (auto* hello = std::get_if<HelloFrame>(&*frame)) return on_hello(*hello);
    if (auto* exit = std::get_if<ExitFrame>(&*frame)) return on_exit(*exit);
    if (const auto* skip = std::get_if<SkipFrame>(&*frame)) return on_skip(*skip);
    if (const auto* seat = std::get_if<SeatFrame>(&*frame)) on_seat(*seat);
    if (const auto* refused = std::get_if<RefusedFrame>(&*frame)) viewer.refused(refused->code, refused->detail);
    return std::nullopt;
  }

  // A program's question that is old, or another's to answer, would be answered by the terminal into the input.
  Result<> show(bool error, ByteOffset from, std::string_view bytes) {
    if (!options.answers) return viewer.output(error, bytes);
    const std::uint64_t old = writer.value_or(true) ? std::min<std::uint64_t>(bytes.size(), live > from ? live - from : 0) : bytes.size();
    if (old == 0 && !filter.holds()) return viewer.output(error, bytes);
    std::string shown = filter.without_queries(bytes.substr(0, old));
    if (old < bytes.size()) shown.append(filter.release()).append(bytes.substr(old));
    return shown.empty() ? Result<>{} : viewer.output(error, shown);
  }

  std::optional<Stop> on_output(std::string_view message) {
    auto frame = parse_output(message);
    if (!frame) return finally(std::move(frame).error());
    Result<> shown;
    if (frame->kind == OutputFrame::Kind::Screen) {
      screen_due = false;
      shown = viewer.screen(frame->bytes);
    } else {
      auto bytes = position.take(frame->from, frame->bytes);
      if (!bytes) return finally(std::move(bytes).error());
      const ByteOffset from{next().value - bytes->size()};
      if (!bytes->empty()) shown = show(frame->kind == OutputFrame::Kind::Error, from, *bytes);
    }
    if (!shown) return finally(std::move(shown).error());
    acknowledge();
    return std::nullopt;
  }

  asio::awaitable<Stop> read_all(WebSocket* from) {
    for (;;) {
      auto message = co_await from->read();
      if (detached && message) continue;  // on to the end of the closing handshake
      if (detached) co_return Stop{.end = detached_end()};
      if (!message) co_return Stop{.error = std::move(message).error()};
      auto stop = message->kind == WebSocket::Kind::Text ? on_text(message->data) : on_output(message->data);
      if (stop) co_return std::move(*stop);
    }
  }

  asio::awaitable<Stop> converse(std::unique_ptr<WebSocket> connection) {
    socket = connection.get();
    closing = false;
    writing = true;
    size_changed = options.size.has_value();
    asio::co_spawn(loop, write_all(socket), [this](std::exception_ptr) {
      writing = false;
      written.cancel();
    });
    Stop stop = co_await read_all(socket);
    closing = true;
    wake.cancel();
    socket->abort();
    pause.cancel();
    while (writing || saying_goodbye) {
      written.expires_at(asio::steady_timer::time_point::max());
      (void)co_await written.async_wait(as_result);
    }
    socket = nullptr;
    co_return stop;
  }

  // ---- over connections ----
  AttachEnd detached_end() const { return {.detached = true, .next = next()}; }

  asio::awaitable<Stop> one_connection() {
    auto [thrown, opened] = co_await asio::co_spawn(loop, open(loop.get_executor(), target()),
                                                    asio::bind_cancellation_slot(stop_opening.slot(), as_result));
    if (detached) co_return Stop{.end = detached_end()};
    if (thrown)
      co_return Stop{.error = Error{.code = Code::Cancelled, .message = "Connecting was stopped."}, .final = true};
    if (!opened) co_return Stop{.error = std::move(opened).error()};
    co_return co_await converse(std::move(*opened));
  }

  asio::awaitable<Result<AttachEnd>> follow() {
    while (!detached) {
      if (screen_due) position = Position(std::nullopt);  // the connection broke before the screen: from the place again
      Stop stop = co_await one_connection();
      if (stop.end) co_return std::move(*stop.end);
      if (stop.final || !worth_trying_again(stop.error)) co_return pass(std::move(stop.error));
      auto delay = backoff.next();
      if (!delay) co_return pass(std::move(stop.error));
      viewer.waiting(stop.error, *delay);
      pause.expires_after(*delay);
      if (!detached) (void)co_await pause.async_wait(as_result);
    }
    co_return detached_end();
  }

  void on_detach() {
    if (std::exchange(detached, true)) return;  // a window that closes says so twice
    pause.cancel();
    stop_opening.emit(asio::cancellation_type::terminal);
    if (socket == nullptr) return;
    saying_goodbye = true;
    asio::co_spawn(loop, say_goodbye(socket), [this](std::exception_ptr) {
      saying_goodbye = false;
      written.cancel();
    });
    pause.expires_after(close_limit);
    pause.async_wait([this](boost::system::error_code error) {
      if (!error && socket != nullptr) socket->abort();
    });
  }

  // A normal end gives the seat to the next at once; a connection that breaks keeps it for us.
  static asio::awaitable<void> say_goodbye(WebSocket* to) { (void)co_await to->close(); }
};

Attach::Attach(OpenSocket open, AttachOptions options, Viewer& viewer, const Clock& clock)
    : session_(std::make_unique<Session>(std::move(open), std::move(options), viewer, clock)) {}

Attach::Attach(Endpoint endpoint, AttachOptions options, Viewer& viewer, const Clock& clock)
    : Attach(
          [endpoint = std::move(endpoint)](asio::any_io_executor executor, std::string target) {
            return open_web_socket(std::move(executor), endpoint, std::move(target));
          },
          std::move(options), viewer, clock) {}

Attach::~Attach() = default;

Result<AttachEnd> Attach::run() {
  std::optional<Result<AttachEnd>> out;
  asio::co_spawn(session_->loop, session_->follow(), [&out](std::exception_ptr thrown, Result<AttachEnd> result) {
    if (thrown)
      out = fail(Code::Internal, "Following the terminal failed in an unforeseen way.");
    else
      out = std::move(result);
  });
  session_->loop.run();
  BERTH_CHECK(out.has_value());
  return *std::move(out);
}

bool Attach::has_room() const { return session_->pending.load() < input_room; }

void Attach::input(std::string bytes) {
  session_->pending.fetch_add(bytes.size());
  asio::post(session_->loop, [session = session_.get(), bytes = std::move(bytes)]() mutable {
    session->push({.kind = WebSocket::Kind::Binary, .data = std::move(bytes)});
  });
}

void Attach::close_input() {
  asio::post(session_->loop, [session = session_.get()] {
    session->push({.kind = WebSocket::Kind::Text, .data = close_input_frame()});
  });
}

void Attach::resize(TerminalSize size) {
  asio::post(session_->loop, [session = session_.get(), size] {
    session->options.size = size;
    session->size_changed = true;
    session->wake.cancel();
  });
}

void Attach::signal(int signal) {
  asio::post(session_->loop, [session = session_.get(), signal] {
    session->push({.kind = WebSocket::Kind::Text, .data = signal_frame(signal)});
  });
}

void Attach::take_over() {
  asio::post(session_->loop, [session = session_.get()] {
    session->push({.kind = WebSocket::Kind::Text, .data = take_over_frame()});
  });
}

void Attach::detach() {
  asio::post(session_->loop, [session = session_.get()] { session->on_detach(); });
}

}  // namespace berth::client
