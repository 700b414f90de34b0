#include "client/attach.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "client/scripted_server.hpp"
#include "os/scratch_dir.hpp"

namespace berth::client {
namespace {

using std::chrono::milliseconds;

struct Recorder : Viewer {
  std::string out, err;
  int connections = 0, waits = 0, rooms = 0;
  std::function<Result<>(std::string_view)> on_output;
  std::function<void()> on_waiting;

  void connected(const boost::json::object&) override { ++connections; }
  Result<> output(bool error, std::string_view bytes) override {
    (error ? err : out).append(bytes);
    return on_output ? on_output(bytes) : Result<>{};
  }
  void waiting(const Error&, milliseconds) override {
    ++waits;
    if (on_waiting) on_waiting();
  }
  void room() override { ++rooms; }
  void seat(bool writer, std::string_view reason) override { seats.push_back((writer ? "writer " : "reader ") + std::string(reason)); }
  Result<> skipped(ByteOffset from, ByteOffset to, std::string_view reason) override {
    out += "[" + std::to_string(from.value) + " to " + std::to_string(to.value) + " " + std::string(reason) + "]";
    return {};
  }
  Result<> screen(std::string_view stream) override {
    out += "<" + std::string(stream) + ">";
    return {};
  }
  std::vector<std::string> seats;
};

class AttachTest : public testing::Test {
 protected:
  os::ScratchDir dir;
  std::string path = dir / "berth.sock";
  SystemClock clock;
  Recorder viewer;
  AttachOptions options{
      .terminal = "trm_x", .from = ByteOffset{0}, .backoff = {.first = milliseconds{1}, .longest = milliseconds{2}}};
};

TEST_F(AttachTest, ShowsOutputAndTheExit) {
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    EXPECT_EQ(peer.target(), "/v1/terminals/trm_x/attach?acknowledge=true&from=0");
    peer.hello(0);
    peer.output(1, 0, "out");
    peer.output(2, 3, "err");
    peer.text(R"({"type":"exit","exit_code":7,"signal":null,"end":6,"reason":""})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_TRUE(end) << end.error().describe();
  EXPECT_EQ(end->exit_code, 7);
  EXPECT_EQ(end->next.value, 6u);
  EXPECT_EQ(viewer.out, "out");
  EXPECT_EQ(viewer.err, "err");
}

TEST_F(AttachTest, ReconnectsAtTheExactOffset) {
  std::vector<std::string> targets;
  ScriptedServer server(path, {}, [&targets](ScriptedServer::Peer& peer) {
    targets.push_back(peer.target());
    if (targets.size() == 1) {
      peer.hello(0);
      peer.output(1, 0, "0123");
      return;  // cut
    }
    peer.hello(4);
    peer.output(1, 2, "2345");  // an overlap shows nothing twice
    peer.text(R"({"type":"exit","exit_code":0,"end":6})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_TRUE(end) << end.error().describe();
  EXPECT_EQ(viewer.out, "012345");
  EXPECT_EQ(viewer.connections, 2);
  EXPECT_EQ(viewer.waits, 1);
  EXPECT_EQ(targets[1], "/v1/terminals/trm_x/attach?acknowledge=true&from=4&had=writer");
}

TEST_F(AttachTest, SurvivesAServerThatIsAwayForAWhile) {
  auto first = std::make_unique<ScriptedServer>(path, ScriptedServer::Handler{}, [](ScriptedServer::Peer& peer) {
    peer.hello(0);
    peer.output(1, 0, "a");
    ScriptedServer::Peer::Message message;
    peer.read(message);
  });
  std::unique_ptr<ScriptedServer> second;
  std::thread stopper;
  viewer.on_output = [&](std::string_view bytes) -> Result<> {
    if (bytes == "a") stopper = std::thread([&] { first->stop(); });
    return {};
  };
  viewer.on_waiting = [&] {
    if (viewer.waits != 3) return;
    stopper.join();
    second = std::make_unique<ScriptedServer>(path, ScriptedServer::Handler{}, [](ScriptedServer::Peer& peer) {
      peer.hello(1);
      peer.output(1, 1, "b");
      peer.text(R"({"type":"exit","exit_code":0,"end":2})");
    });
  };
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_TRUE(end) << end.error().describe();
  EXPECT_EQ(viewer.out, "ab");
}

TEST_F(AttachTest, GivesUpWhenPatienceIsOver) {
  FakeClock fake;
  options.backoff.patience = milliseconds{5'000};
  viewer.on_waiting = [&] { fake.advance(milliseconds{2'000}); };
  Attach attach(unix_endpoint(path), options, viewer, fake);
  auto end = attach.run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::Unavailable);
  EXPECT_EQ(viewer.waits, 3);
}

TEST_F(AttachTest, ARefusalIsFinal) {
  ScriptedServer server(path, {}, {}, [](const auto&) {
    return ScriptedServer::Answer{.status = 404, .body = R"({"code":"not_found","detail":"No such terminal."})"};
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::NotFound);
  EXPECT_EQ(end.error().message, "No such terminal.");
  EXPECT_EQ(viewer.waits, 0);
}

TEST_F(AttachTest, GapsAndNonsenseAreErrors) {
  for (int kind = 0; kind < 4; ++kind) {
    ScriptedServer server(path, {}, [kind](ScriptedServer::Peer& peer) {
      if (kind == 0) peer.hello(5);
      if (kind == 1) peer.output(1, 5, "x");
      if (kind == 2) peer.text("{nonsense");
      if (kind == 3) peer.text(R"({"type":"exit","exit_code":0,"end":2})");
      ScriptedServer::Peer::Message message;
      peer.read(message);
    });
    Attach attach(unix_endpoint(path), options, viewer, clock);
    EXPECT_FALSE(attach.run()) << kind;
  }
  EXPECT_EQ(viewer.out, "");
}

TEST_F(AttachTest, AFailingViewerEndsIt) {
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    peer.hello(0);
    peer.output(1, 0, "x");
    ScriptedServer::Peer::Message message;
    peer.read(message);
  });
  viewer.on_output = [](std::string_view) -> Result<> { return fail_errno(EPIPE, "write", "stdout"); };
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().sys_errno, EPIPE);
}

TEST_F(AttachTest, SendsInputSizeSignalAndEndInOrder) {
  std::vector<std::string> seen;
  ScriptedServer server(path, {}, [&seen](ScriptedServer::Peer& peer) {
    peer.hello(0);
    for (ScriptedServer::Peer::Message message; seen.size() < 5 && peer.read(message);)
      seen.push_back((message.text ? "text " : "bytes ") + message.data);
    peer.text(R"({"type":"exit","exit_code":0,"end":0})");
  });
  options.size = TerminalSize{.cols = 100, .rows = 30};
  Attach attach(unix_endpoint(path), options, viewer, clock);
  attach.input("one");
  attach.input("two");
  attach.signal(15);
  attach.close_input();
  ASSERT_TRUE(attach.run());
  EXPECT_EQ(seen,
            (std::vector<std::string>{R"(text {"type":"resize","cols":100,"rows":30})", "bytes one", "bytes two",
                                      R"(text {"type":"signal","signal":15})", R"(text {"type":"close_input"})"}));
}

// A connection that breaks at the first thing that is written.
class BrokenSocket final : public WebSocket {
 public:
  explicit BrokenSocket(boost::asio::any_io_executor executor) : broken_(executor, std::chrono::steady_clock::time_point::max()) {}
  boost::asio::awaitable<Result<Message>> read() override {
    if (!std::exchange(greeted_, true))
      co_return Message{Kind::Text, R"({"type":"hello","terminal":{},"from":0})"};
    (void)co_await broken_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return fail(Code::Unavailable, "The connection broke.");
  }
  boost::asio::awaitable<Result<>> write(Kind, std::string) override { co_return fail(Code::Unavailable, "The connection broke."); }
  boost::asio::awaitable<Result<>> close() override { co_return Result<>{}; }
  void abort() override { broken_.expires_at(std::chrono::steady_clock::time_point::min()); }

 private:
  boost::asio::steady_timer broken_;
  bool greeted_ = false;
};

TEST_F(AttachTest, AKeyWhoseFrameWasNotWrittenComesAgain) {
  std::vector<std::string> seen;
  ScriptedServer server(path, {}, [&seen](ScriptedServer::Peer& peer) {
    peer.hello(0);
    for (ScriptedServer::Peer::Message message; seen.size() < 2 && peer.read(message);) seen.push_back(message.data);
    peer.text(R"({"type":"exit","exit_code":0,"end":0})");
  });
  int opened = 0;
  const auto open = [&](boost::asio::any_io_executor executor, std::string target) -> boost::asio::awaitable<Result<std::unique_ptr<WebSocket>>> {
    if (++opened > 1) co_return co_await open_web_socket(executor, unix_endpoint(path), std::move(target));
    co_return std::make_unique<BrokenSocket>(executor);
  };
  Attach attach(open, options, viewer, clock);
  attach.input("one");
  attach.input("two");
  ASSERT_TRUE(attach.run());
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two"}));
}

TEST_F(AttachTest, InputThatWaitsIsBoundedAndTellsWhenThereIsRoom) {
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    peer.hello(0);
    std::size_t read = 0;
    for (ScriptedServer::Peer::Message message; read < Attach::input_room && peer.read(message);)
      read += message.data.size();
    peer.text(R"({"type":"exit","exit_code":0,"end":0})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  EXPECT_TRUE(attach.has_room());
  attach.input(std::string(Attach::input_room, 'x'));
  EXPECT_FALSE(attach.has_room());
  ASSERT_TRUE(attach.run());
  EXPECT_TRUE(attach.has_room());
  EXPECT_EQ(viewer.rooms, 1);
}

TEST_F(AttachTest, DetachWorksInEveryState) {
  {
    Attach attach(unix_endpoint(path), options, viewer, clock);
    attach.detach();
    auto end = attach.run();
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->detached) << "before connecting";
  }
  {
    options.backoff = {
        .first = milliseconds{3'600'000}, .longest = milliseconds{3'600'000}, .patience = milliseconds{3'600'000}};
    Attach attach(unix_endpoint(path), options, viewer, clock);
    viewer.on_waiting = [&] { attach.detach(); };
    auto end = attach.run();
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->detached) << "between tries";
  }
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    peer.hello(0);
    peer.output(1, 0, "x");
    ScriptedServer::Peer::Message message;
    while (peer.read(message)) {}
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  viewer.on_output = [&](std::string_view) -> Result<> {
    attach.detach();
    return {};
  };
  auto end = attach.run();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->detached) << "while connected";
  EXPECT_EQ(end->next.value, 1u);
}

TEST_F(AttachTest, AcknowledgesAndIsMovedForward) {
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    peer.text(R"({"type":"hello","terminal":{},"from":0,"seat":"writer","live":0,"window":8})");
    ScriptedServer::Peer::Message message;
    peer.output(1, 0, "abc");
    ASSERT_TRUE(peer.read(message));
    EXPECT_EQ(message.data, R"({"type":"ack","offset":3})");
    peer.text(R"({"type":"skip","from":3,"to":90,"reason":"slow","cols":80,"rows":24,"redraw":true})");
    peer.output(3, 90, "screen");
    ASSERT_TRUE(peer.read(message));
    EXPECT_EQ(message.data, R"({"type":"ack","offset":90})");
    peer.output(1, 90, "z");
    peer.text(R"({"type":"exit","exit_code":0,"end":91})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  auto end = attach.run();
  ASSERT_TRUE(end) << end.error().describe();
  EXPECT_EQ(viewer.out, "abc[3 to 90 slow]<screen>z");
}

TEST_F(AttachTest, BeginsAtAMomentAndGoesOnAtItsOffset) {
  options.from.reset();
  options.at = "cmd:12";
  std::vector<std::string> targets;
  ScriptedServer server(path, {}, [&targets](ScriptedServer::Peer& peer) {
    targets.push_back(peer.target());
    peer.hello(7);
    if (targets.size() == 2) peer.text(R"({"type":"exit","exit_code":0,"end":7})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  ASSERT_TRUE(attach.run());
  EXPECT_EQ(targets[0], "/v1/terminals/trm_x/attach?acknowledge=true&at=cmd%3A12");
  EXPECT_EQ(targets[1], "/v1/terminals/trm_x/attach?acknowledge=true&from=7&had=writer");
}

TEST_F(AttachTest, AScreenThatWasAnnouncedComesBeforeAnythingElse) {
  options.from.reset();
  options.at = "90s";
  std::vector<std::string> targets;
  ScriptedServer server(path, {}, [&targets](ScriptedServer::Peer& peer) {
    targets.push_back(peer.target());
    const bool whole = targets.size() == 3;
    peer.text(fmt::format(R"({{"type":"hello","terminal":{{}},"from":7,"seat":"writer","live":0,"window":4096,"screen":{}}})",
                          targets.size() < 3));
    if (targets.size() == 1) return;  // cut before the screen
    if (!whole) {
      peer.text(R"({"type":"screen","offset":7,"cols":80,"rows":24})");
      return peer.output(3, 7, "screen");  // cut behind it
    }
    peer.output(1, 7, "z");
    peer.text(R"({"type":"exit","exit_code":0,"end":8})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  ASSERT_TRUE(attach.run());
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[1], "/v1/terminals/trm_x/attach?acknowledge=true&at=90s&had=writer");
  EXPECT_EQ(targets[2], "/v1/terminals/trm_x/attach?acknowledge=true&from=7&had=writer");
  EXPECT_EQ(viewer.out, "<screen>z");
}

TEST_F(AttachTest, TakingOverIsNotRepeatedByAReconnect) {
  options.seat = AttachOptions::Seat::TakeOver;
  options.name = "me";
  std::vector<std::string> targets;
  ScriptedServer server(path, {}, [&targets](ScriptedServer::Peer& peer) {
    targets.push_back(peer.target());
    peer.text(R"({"type":"hello","terminal":{},"from":0,"seat":"writer","live":0,"window":4096})");
    if (targets.size() == 1) {
      peer.text(R"({"type":"seat","seat":"reader","live":0,"reason":"taken_over"})");
      return;  // cut
    }
    peer.text(R"({"type":"exit","exit_code":0,"end":0})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  ASSERT_TRUE(attach.run());
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0], "/v1/terminals/trm_x/attach?acknowledge=true&from=0&seat=take&viewer=me");
  EXPECT_EQ(targets[1], "/v1/terminals/trm_x/attach?acknowledge=true&from=0&viewer=me&had=reader");
  EXPECT_EQ(viewer.seats, (std::vector<std::string>{"writer ", "reader taken_over", "writer "}));
}

TEST_F(AttachTest, ATerminalIsShownOnlyTheQuestionsThatAreItsToAnswer) {
  options.answers = true;
  ScriptedServer server(path, {}, [](ScriptedServer::Peer& peer) {
    peer.text(R"({"type":"hello","terminal":{},"from":0,"seat":"writer","live":9,"window":4096})");
    peer.output(1, 0, "a\x1b[6nb\x1b[6nc");  // the second one is live
    peer.text(R"({"type":"seat","seat":"reader","live":0,"reason":"taken_over"})");
    peer.output(1, 11, "d\x1b[c\x1b[1me");
    peer.text(R"({"type":"exit","exit_code":0,"end":19})");
  });
  Attach attach(unix_endpoint(path), options, viewer, clock);
  ASSERT_TRUE(attach.run());
  EXPECT_EQ(viewer.out, "a\x1b\\b\x1b[6ncd\x1b\\\x1b[1me");
}

}  // namespace
}  // namespace berth::client
