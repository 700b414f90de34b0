#include "cli/keyboard.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "client/scripted_server.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/scratch_dir.hpp"

namespace berth::cli {
namespace {

struct Silent : client::Viewer {
  std::function<void()> on_output;
  void connected(const boost::json::object&) override {}
  Result<> output(bool, std::string_view) override {
    if (on_output) on_output();
    return {};
  }
  void waiting(const Error&, std::chrono::milliseconds) override {}
  void room() override {
    if (keyboard != nullptr) keyboard->room();
  }
  Keyboard* keyboard = nullptr;
};

// One terminal on a scripted server that collects what it is sent until `enough` says so.
struct Bench {
  os::ScratchDir dir;
  SystemClock clock;
  Silent viewer;
  std::string bytes;
  std::vector<std::string> texts;
  std::function<bool()> enough;
  client::ScriptedServer server{dir / "s", {}, [this](client::ScriptedServer::Peer& peer) {
                                  peer.hello(0);
                                  peer.output(1, 0, "ready");
                                  for (client::ScriptedServer::Peer::Message message; !enough() && peer.read(message);)
                                    if (message.text)
                                      texts.push_back(message.data);
                                    else
                                      bytes += message.data;
                                  peer.text(R"({"type":"exit","exit_code":0,"end":5})");
                                }};

  client::AttachEnd run(KeyboardOptions options) {
    auto keyboard = Keyboard::make(std::move(options)).value();
    client::Attach attach(client::unix_endpoint(dir / "s"), {.terminal = "trm_x"}, viewer, clock);
    viewer.keyboard = keyboard.get();
    keyboard->start(attach);
    auto end = attach.run();
    keyboard->stop();
    return end.value();
  }
  bool closed() const { return !texts.empty() && texts.back() == R"({"type":"close_input"})"; }
};

TEST(Keyboard, APipeGoesThereWholeAndThenEnds) {
  Bench bench;
  bench.enough = [&] { return bench.closed(); };
  std::string sent(1'000'000, 'x');  // more than waits at one time
  auto pipe = os::make_pipe().value();
  std::thread writer([&] {
    (void)os::write_all(pipe.write.get(), sent);
    pipe.write.reset();
  });
  bench.run({.input = pipe.read.get()});
  writer.join();
  EXPECT_EQ(bench.bytes.size(), sent.size());
}

TEST(Keyboard, AFileGoesThereWhole) {
  Bench bench;
  bench.enough = [&] { return bench.closed(); };
  std::string sent(300'000, 'y');
  ASSERT_TRUE(os::durable_write(bench.dir / "file", sent));
  auto file = os::open_read(bench.dir / "file").value();
  bench.run({.input = file.get()});
  EXPECT_EQ(bench.bytes, sent);
}

TEST(Keyboard, APersonLeavesWithTwoKeys) {
  Bench bench;
  bench.enough = [] { return false; };
  auto pipe = os::make_pipe().value();
  ASSERT_TRUE(os::write_all(pipe.write.get(), "ls\x10\x11rest"));
  EXPECT_TRUE(bench.run({.input = pipe.read.get(), .person = true}).detached);
  EXPECT_EQ(bench.bytes.find("rest"), std::string::npos);
}

TEST(Keyboard, AWindowThatIsGoneLeaves) {
  Bench bench;
  bench.enough = [] { return false; };
  auto pipe = os::make_pipe().value();
  pipe.write.reset();
  EXPECT_TRUE(bench.run({.input = pipe.read.get(), .person = true}).detached);
}

TEST(Keyboard, SignalsAreForTheProgramOrLeave) {
  Bench bench;
  bench.enough = [&] { return bench.texts.size() >= 2; };
  bench.viewer.on_output = [] {
    kill(getpid(), SIGINT);
    kill(getpid(), SIGWINCH);
  };
  bench.run({.read_input = false, .size = [] { return TerminalSize{.cols = 7, .rows = 5}; }});
  std::ranges::sort(bench.texts);
  EXPECT_EQ(bench.texts,
            (std::vector<std::string>{R"({"type":"resize","cols":7,"rows":5})", R"({"type":"signal","signal":2})"}));

  Bench second;
  second.enough = [] { return false; };
  second.viewer.on_output = [] { kill(getpid(), SIGHUP); };
  EXPECT_TRUE(second.run({.read_input = false}).detached);
}

}  // namespace
}  // namespace berth::cli
