#include "shim/supervisor.hpp"

#include <sys/stat.h>

#include <fstream>

#include "os/file.hpp"
#include "os/socket.hpp"
#include "shim/shim_testing.hpp"

namespace berth::shim::testing {
namespace {

std::string exit_code(const Shim& shim) {
  const auto text = os::read_file(shim.home.dir() / "exit.json", 4096).value_or("no exit.json");
  const auto at = text.find("\"code\":\"");
  return at == std::string::npos ? text : text.substr(at + 8, text.find('"', at + 8) - at - 8);
}

TEST(Supervisor, ServesAndStopsAndLeavesNothing) {
  Shim shim;
  EXPECT_EQ(shim.welcome.welcome().sandbox_id(), shim.spec.sandbox_id());
  EXPECT_EQ(shim.welcome.welcome().channel(), "pty_handover");
  struct stat state {};
  ASSERT_EQ(::stat((shim.home.dir() / "shim.sock").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
  const auto record = os::read_file(shim.home.dir() / "shim.json", 4096);
  ASSERT_TRUE(record);
  EXPECT_NE(record->find("\"pid\":" + std::to_string(::getpid())), std::string::npos) << *record;

  wire::ToShim stop;
  stop.mutable_stop()->set_grace_ms(10'000);
  shim.link.send(stop);
  EXPECT_EQ(shim.await_init(wire::ToInit::kShutdown).shutdown().grace_ms(), 10'000u);
  shim.end_init();
  EXPECT_EQ(shim.await(wire::FromShim::kSandboxExit).sandbox_exit().code(), "stopped");
  EXPECT_EQ(shim.join().code, "stopped");
  EXPECT_EQ(exit_code(shim), "stopped");
  EXPECT_EQ(shim.sandbox->destroyed, 1);
  EXPECT_FALSE(std::filesystem::exists(shim.home.dir() / "shim.sock"));
}

TEST(Supervisor, KillsWhatDoesNotStopInTime) {
  Shim shim;
  wire::ToShim stop;
  stop.mutable_stop()->set_grace_ms(1);
  shim.link.send(stop);
  EXPECT_EQ(shim.join().code, "stopped");
  EXPECT_EQ(shim.sandbox->destroyed, 1);
}

TEST(Supervisor, ATerminationSignalStopsWithGrace) {
  Shim shim;
  shim.terminate();
  EXPECT_TRUE(shim.await_init(wire::ToInit::kShutdown).has_shutdown());
  shim.end_init();
  EXPECT_EQ(shim.join().code, "stopped");
}

TEST(Supervisor, TellsWhyItCouldNotStart) {
  Shim failed({.ready = false, .prepare = [](FakeSandbox& sandbox) {
    sandbox.start_result = fail(Code::Unavailable, "runc: no space for the bundle.");
  }});
  const auto told = failed.await(wire::FromShim::kSandboxExit).sandbox_exit();
  EXPECT_EQ(told.code(), "start_failed");
  EXPECT_EQ(told.reason(), "runc: no space for the bundle.");
  EXPECT_EQ(failed.join().code, "start_failed");
  EXPECT_EQ(failed.sandbox->destroyed, 1);
  EXPECT_FALSE(std::filesystem::exists(failed.home.dir() / "shim.sock"));

  Shim silent({.ready = false, .change = [](wire::ShimSpec& spec) { spec.set_start_timeout_ms(20); }});
  EXPECT_EQ(silent.await(wire::FromShim::kSandboxExit).sandbox_exit().code(), "start_failed");
  EXPECT_EQ(exit_code(silent), "start_failed");

  Shim crashed({.ready = false});
  std::ofstream(crashed.home.dir() / "init.log") << "berth-init:\x1b[1m no /dev/ptmx\n";
  crashed.end_init();
  const auto reason = crashed.await(wire::FromShim::kSandboxExit).sandbox_exit().reason();
  EXPECT_NE(reason.find("berth-init: [1m no /dev/ptmx"), std::string::npos) << reason;

  Shim other({.ready = false});
  wire::FromInit ready;
  ready.mutable_ready()->set_version(99);
  other.sandbox->init.send(ready);
  EXPECT_EQ(other.await(wire::FromShim::kSandboxExit).sandbox_exit().code(), "start_failed");
}

TEST(Supervisor, TellsAnOutOfMemoryKillFromADeath) {
  Shim died;
  died.end_init();
  EXPECT_EQ(died.await(wire::FromShim::kSandboxExit).sandbox_exit().code(), "init_died");
  Shim memory;
  memory.sandbox->oom_kills = 1;
  memory.end_init();
  EXPECT_EQ(memory.await(wire::FromShim::kSandboxExit).sandbox_exit().code(), "out_of_memory");
}

TEST(Supervisor, LetsInOnlyWhoKnowsTheSecret) {
  Shim shim;
  Peer wrong = shim.connect(false);
  EXPECT_TRUE(wrong.at_end());
  Peer eager = shim.connect_raw();
  eager.send(input_of(terminal_id(1), "ls\n"));
  EXPECT_TRUE(eager.at_end());
  Peer loud = shim.connect_raw();
  loud.send_raw(std::string(1000, 'x'));
  EXPECT_TRUE(loud.at_end());
  Peer right = shim.connect();
  EXPECT_EQ(shim.welcome.welcome().sandbox_id(), shim.spec.sandbox_id());
}

TEST(Supervisor, TakesAFewConnectionsAndFreesTheirPlaces) {
  Shim shim;
  std::vector<Peer> peers;
  for (std::size_t i = 1; i < Audience::max_connections; ++i) peers.push_back(shim.connect());
  Peer one_too_many = shim.connect_raw();
  EXPECT_TRUE(one_too_many.at_end());
  peers.clear();
  shim.link.send([] {
    wire::ToShim frame;
    frame.mutable_pause()->set_request(1);
    return frame;
  }());
  shim.await(wire::FromShim::kPause);
  for (;;) {  // the closed ones are noticed one after the other
    Peer peer = shim.connect_raw();
    wire::FromShim challenge;
    if (peer.next(challenge)) break;
  }
}

TEST(Supervisor, AServerThatSpeaksNonsenseIsClosedAlone) {
  Shim shim;
  Peer other = shim.connect();
  other.send_raw(std::string("\x04\0\0\0\xff\xff\xff\xff", 8));
  EXPECT_TRUE(other.at_end());
  Peer huge = shim.connect();
  huge.send_raw(std::string("\xff\xff\xff\x7f", 4));
  EXPECT_TRUE(huge.at_end());
  EXPECT_TRUE(shim.connect().in() >= 0);
}

TEST(Supervisor, PausesThroughTheDriverAndResumesToStop) {
  Shim shim;
  wire::ToShim frame;
  frame.mutable_pause()->set_request(7);
  frame.mutable_pause()->set_paused(true);
  shim.link.send(frame);
  const auto reply = shim.await(wire::FromShim::kPause).pause();
  EXPECT_EQ(reply.request(), 7u);
  EXPECT_EQ(reply.sys_errno(), 0);
  EXPECT_EQ(shim.sandbox->pauses, 1);
  Peer later = shim.connect();
  EXPECT_TRUE(shim.welcome.welcome().paused());
  wire::ToShim stop;
  stop.mutable_stop()->set_grace_ms(10'000);
  shim.link.send(stop);
  shim.await_init(wire::ToInit::kShutdown);
  EXPECT_EQ(shim.sandbox->resumes, 1);
}

TEST(Supervisor, FileRequestsOfTwoServersAreToldApart) {
  Shim shim;
  Peer other = shim.connect();
  const auto ask = [](std::uint64_t request, const std::string& path) {
    wire::ToShim frame;
    frame.mutable_file()->set_request(request);
    frame.mutable_file()->set_path(path);
    return frame;
  };
  shim.link.send(ask(5, "/mine"));
  const auto first = shim.await_init(wire::ToInit::kFile).file();
  other.send(ask(5, "/theirs"));
  const auto second = shim.await_init(wire::ToInit::kFile).file();
  EXPECT_EQ(first.path(), "/mine");
  EXPECT_NE(first.request(), second.request());
  for (const auto& request : {second, first}) {
    wire::FromInit reply;
    reply.mutable_file()->set_request(request.request());
    reply.mutable_file()->set_data(request.path());
    shim.sandbox->init.send(reply);
  }
  EXPECT_EQ(shim.await(wire::FromShim::kFile).file().data(), "/mine");
  const auto theirs = Shim::await(other, wire::FromShim::kFile).file();
  EXPECT_EQ(theirs.data(), "/theirs");
  EXPECT_EQ(theirs.request(), 5u);
}

TEST(Supervisor, TooManyFileRequestsAreRefused) {
  Shim shim;
  wire::ToShim frame;
  for (std::uint32_t i = 0; i <= Connection::max_file_requests; ++i) {
    frame.mutable_file()->set_request(i);
    shim.link.send(frame);
  }
  const auto refused = shim.await(wire::FromShim::kFile).file();
  EXPECT_EQ(refused.request(), Connection::max_file_requests);
  EXPECT_EQ(refused.sys_errno(), EBUSY);
}

}  // namespace
}  // namespace berth::shim::testing
