#include "api_ws/sessions.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "aio/runtime.hpp"
#include "api_ws/fake_attachment.hpp"

namespace berth::api_ws {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;

template <class Question>
bool eventually(Question question) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!question()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator list("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

struct Frame {
  bool text = false;
  std::string data;
  [[nodiscard]] std::uint64_t offset() const {
    std::uint64_t value = 0;
    for (std::size_t i = 1; i < 9; ++i) value = value << 8 | static_cast<std::uint8_t>(data[i]);
    return value;
  }
  [[nodiscard]] std::string bytes() const { return data.substr(9); }
};

class SessionsTest : public ::testing::Test {
 protected:
  using Socket = websocket::stream<tcp::socket>;

  void start(Settings settings = {}) {
    sessions.emplace(settings, Words{[](const control::TerminalInfo&) { return std::string("{}"); },
                                     [](const Error& error) { return error.message; }},
                     log::Logger{});
    terminal = std::make_shared<FakeTerminal>(runtime.at(0).get_executor());
    runtime.start();
  }
  void TearDown() override {
    if (sessions) stopping(1s).get();
    runtime.stop();
    terminal.reset();
  }
  std::future<void> stopping(std::chrono::milliseconds limit) {
    return asio::co_spawn(runtime.at(1), sessions->stop(limit), asio::use_future);
  }
  // Two connected ends; the server's as the HTTP server would give it away.
  std::pair<tcp::socket, UniqueFd> pair() {
    tcp::socket client(io);
    client.connect(acceptor.local_endpoint());
    tcp::socket server = acceptor.accept();
    return {std::move(client), UniqueFd(server.release())};
  }
  // The client's handshake runs beside, since it waits for the server's half, which needs its key.
  std::unique_ptr<Socket> attach(std::uint64_t from = 0, std::size_t chunk = 4096) {
    auto [client, server] = pair();
    auto socket = std::make_unique<Socket>(std::move(client));
    auto shaken = std::async(std::launch::async, [&] { socket->handshake("localhost", "/"); });
    tcp::socket reader(io, tcp::v4(), server.release());
    beast::flat_buffer buffer;
    beast::http::request<beast::http::empty_body> request;
    beast::http::read(reader, buffer, request);
    sessions->start({.connection = UniqueFd(reader.release()), .handshake_key = request["Sec-WebSocket-Key"],
                     .names_protocol = true, .attachment = std::make_shared<FakeAttachment>(terminal, ByteOffset{from}, chunk),
                     .request_id = "req_1", .ticket = nullptr});
    shaken.get();
    return socket;
  }
  static Frame read(Socket& socket) {
    beast::flat_buffer buffer;
    socket.read(buffer);
    return {socket.got_text(), beast::buffers_to_string(buffer.data())};
  }
  static void write(Socket& socket, bool text, std::string_view bytes) {
    socket.text(text);
    socket.write(asio::buffer(bytes));
  }
  // Reads to the end; every byte once and in order.
  static std::string all_output(Socket& socket, std::uint64_t from, std::string* last_text) {
    std::string bytes;
    for (;;) {
      Frame frame;
      try {
        frame = read(socket);
      } catch (const boost::system::system_error& closed) {
        EXPECT_EQ(closed.code(), websocket::error::closed);
        return bytes;
      }
      if (frame.text) {
        *last_text = frame.data;
        continue;
      }
      EXPECT_EQ(frame.data[0], 1);
      EXPECT_EQ(frame.offset(), from + bytes.size());
      bytes += frame.bytes();
    }
  }

  aio::Runtime runtime{2};
  std::optional<Sessions> sessions;
  std::shared_ptr<FakeTerminal> terminal;
  asio::io_context io;
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
};

TEST_F(SessionsTest, EveryByteComesOnceAndThenTheExit) {
  start();
  std::string expected;
  for (int i = 0; i < 200'000; ++i) expected += std::to_string(i) + "\n";
  auto socket = attach();
  EXPECT_EQ(read(*socket).data, R"({"type":"hello","terminal":{},"from":0,"seat":"writer","live":0,"window":0,"screen":false})");
  for (std::size_t at = 0; at < expected.size(); at += 10'007) terminal->say(expected.substr(at, 10'007));
  terminal->end(Exited{7});
  std::string last;
  EXPECT_EQ(all_output(*socket, 0, &last), expected);
  EXPECT_EQ(last, R"({"type":"exit","exit_code":7,"signal":null,"end":)" + std::to_string(expected.size()) + R"(,"reason":"as told"})");
  EXPECT_EQ(socket->reason().code, websocket::close_code::normal);
  EXPECT_TRUE(eventually([&] { return sessions->size() == 0 && terminal->viewers == 0; }));
}

TEST_F(SessionsTest, ABrokenConnectionIsContinuedAtItsOffset) {
  start();
  std::string expected(1 << 20, 'x');
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<char>('a' + i % 23);
  terminal->say(expected);
  terminal->end(Killed{9});
  std::string got;
  for (int connection = 0; connection < 20; ++connection) {
    auto socket = attach(got.size(), 1000);
    (void)read(*socket);
    for (int i = 0; i < 3; ++i) got += read(*socket).bytes();
    socket->next_layer().set_option(asio::socket_base::linger(true, 0));
    socket->next_layer().close();
  }
  auto socket = attach(got.size());
  (void)read(*socket);
  std::string last;
  got += all_output(*socket, got.size(), &last);
  EXPECT_EQ(got, expected);
  EXPECT_NE(last.find(R"("signal":9)"), std::string::npos);
}

TEST_F(SessionsTest, WhatIsTypedArrivesAndControlFramesAct) {
  start();
  auto socket = attach();
  (void)read(*socket);
  write(*socket, false, "ls\n");
  write(*socket, true, R"({"type":"resize","cols":132,"rows":50})");
  write(*socket, true, R"({"type":"signal","signal":2})");
  write(*socket, true, R"({"type":"nothing"})");
  const Frame error = read(*socket);
  EXPECT_NE(error.data.find(R"("type":"error","code":"invalid_argument")"), std::string::npos) << error.data;
  write(*socket, true, R"({"type":"ping"})");
  EXPECT_EQ(read(*socket).data, R"({"type":"pong"})");
  EXPECT_EQ(terminal->input_so_far(), "ls\n");
  EXPECT_EQ(terminal->resized, 132'050);
  EXPECT_EQ(terminal->signalled, 2);
  write(*socket, true, R"({"type":"close_input"})");
  write(*socket, false, "late");
  EXPECT_NE(read(*socket).data.find("failed_precondition"), std::string::npos);
  terminal->say("alive");
  EXPECT_EQ(read(*socket).bytes(), "alive");
}

TEST_F(SessionsTest, NewsAndAScreenHaveFramesOfTheirOwn) {
  start();
  terminal->window = 64;
  terminal->news = control::Attachment::Skipped{.from = {0}, .to = {9}, .why = control::Attachment::Missed::Slow, .size = {80, 24}, .redraw = "draws"};
  auto socket = attach();
  EXPECT_NE(read(*socket).data.find(R"("window":64)"), std::string::npos);
  EXPECT_EQ(read(*socket).data, R"({"type":"skip","from":0,"to":9,"reason":"slow","cols":80,"rows":24,"redraw":true})");
  const Frame screen = read(*socket);
  EXPECT_EQ(screen.data[0], 3);
  EXPECT_EQ(screen.offset(), 9u);
  EXPECT_EQ(screen.bytes(), "draws");
}

TEST_F(SessionsTest, AcknowledgementsAndTheSeatReachTheTerminal) {
  start();
  {
    auto socket = attach();
    (void)read(*socket);
    terminal->say("four");
    (void)read(*socket);
    write(*socket, true, R"({"type":"ack","offset":4})");
    write(*socket, true, R"({"type":"take_over"})");
    write(*socket, true, R"({"type":"ack","offset":5})");
    EXPECT_NE(read(*socket).data.find("invalid_argument"), std::string::npos);
    EXPECT_EQ(terminal->acknowledged, 4u);
    EXPECT_EQ(terminal->taken_over, 1);
    socket->next_layer().close();  // lost: it may come back
  }
  EXPECT_TRUE(eventually([&] { return terminal->viewers == 0; }));
  EXPECT_EQ(terminal->left, 0);
  auto socket = attach();
  (void)read(*socket);
  socket->close(websocket::close_code::normal);
  EXPECT_TRUE(eventually([&] { return terminal->viewers == 0; }));
  EXPECT_EQ(terminal->left, 1);
}

TEST_F(SessionsTest, AMessageOverTheLimitClosesWith1009) {
  start({.message_bytes = 1000});
  auto socket = attach();
  (void)read(*socket);
  write(*socket, false, std::string(1000, 'x'));
  ASSERT_TRUE(eventually([&] { return terminal->input_so_far().size() == 1000; }));
  write(*socket, false, std::string(1001, 'x'));
  std::string last;
  EXPECT_EQ(all_output(*socket, 0, &last), "");
  EXPECT_EQ(socket->reason().code, websocket::close_code::too_big);
  EXPECT_EQ(terminal->input_so_far().size(), 1000u);
}

TEST_F(SessionsTest, WhoSaysNothingIsPingedAndThenGone) {
  start({.ping = 20ms, .idle = 100ms});
  auto silent = attach();  // reads nothing, so that no ping is answered
  auto alive = attach();
  (void)read(*alive);
  auto reading = std::async(std::launch::async, [&] { return read(*alive).bytes(); });  // answers pings meanwhile
  EXPECT_TRUE(eventually([&] { return sessions->size() == 1; }));
  terminal->say("still here");
  EXPECT_EQ(reading.get(), "still here");
}

TEST_F(SessionsTest, WhoTypesIntoAFullProgramIsNotGone) {
  start({.ping = 10ms, .idle = 40ms});
  terminal->full = true;
  auto socket = attach();
  (void)read(*socket);
  write(*socket, false, "waits");
  ASSERT_TRUE(eventually([&] { return terminal->typed == 1; }));
  const auto end = std::chrono::steady_clock::now() + 200ms;  // of real time: five times the limit
  EXPECT_TRUE(eventually([&] { return sessions->size() == 0 || std::chrono::steady_clock::now() > end; }));
  EXPECT_EQ(sessions->size(), 1u);
  terminal->full = false;
  terminal->say("x");
  EXPECT_TRUE(eventually([&] { return terminal->input_so_far() == "waits"; }));
}

TEST_F(SessionsTest, AViewerThatDoesNotReadHoldsUpNobody) {
  start();
  const std::string expected(8 << 20, 'y');
  auto deaf = attach(0, 65536);
  auto quick = attach(0, 65536);
  terminal->say(expected);
  terminal->end(Exited{0});
  std::string last;
  (void)read(*quick);
  EXPECT_EQ(all_output(*quick, 0, &last), expected);
  (void)read(*deaf);
  EXPECT_EQ(all_output(*deaf, 0, &last), expected);
}

TEST_F(SessionsTest, ARestartIsToldAndNothingStaysBehind) {
  start();
  auto socket = attach();
  auto deaf = attach(0, 65536);
  (void)read(*socket);
  terminal->say(std::string(32 << 20, 'z'));  // one of them is in the middle of it, and does not read
  const std::string first = read(*socket).bytes();
  EXPECT_FALSE(first.empty());
  auto stopped = stopping(300ms);
  std::string last;
  EXPECT_NO_THROW({
    try {
      for (;;) (void)read(*socket);
    } catch (const boost::system::system_error&) {
    }
  });
  stopped.get();
  EXPECT_EQ(sessions->size(), 0u);
  EXPECT_EQ(terminal->viewers, 0);
  EXPECT_TRUE(socket->reason().code == websocket::close_code::service_restart || socket->reason().code == websocket::close_code::none);
}

TEST_F(SessionsTest, AnIdleViewerIsTold1012) {
  start();
  auto socket = attach();
  (void)read(*socket);
  auto stopped = stopping(10s);
  std::string last;
  EXPECT_EQ(all_output(*socket, 0, &last), "");
  EXPECT_EQ(socket->reason().code, websocket::close_code::service_restart);
  stopped.get();
}

TEST_F(SessionsTest, AThousandAbruptEndsLeaveNoDescriptorAndNoViewer) {
  start();
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    if (i % 2 == 0) {
      auto [client, server] = pair();
      client.set_option(asio::socket_base::linger(true, 0));
      client.close();
      sessions->start({.connection = std::move(server), .handshake_key = "AAAAAAAAAAAAAAAAAAAAAA==", .names_protocol = false,
                       .attachment = std::make_shared<FakeAttachment>(terminal, ByteOffset{0}, 100), .request_id = "req",
                       .ticket = nullptr});
    } else {
      auto socket = attach();
      if (i % 4 == 1) terminal->say("noise");
      socket->next_layer().set_option(asio::socket_base::linger(true, 0));
      socket->next_layer().close();
    }
  }
  EXPECT_TRUE(eventually([&] { return sessions->size() == 0; }));
  EXPECT_EQ(terminal->viewers, 0);
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << before << " before, now " << open_descriptors();
}

}  // namespace
}  // namespace berth::api_ws
