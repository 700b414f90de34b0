// The shim and the real berth-init, as a plain process on the host: what they agree on, over both kinds of channel.

#include "shim/shim_testing.hpp"

namespace berth::shim::testing {
namespace {

using wire::FromShim;

const std::string id = terminal_id(1);

class RealInit : public ::testing::TestWithParam<sandbox::Channel> {
 protected:
  Shim shim{{.channel = GetParam(), .init = Shim::Init::Real}};
};

TEST_P(RealInit, RunsACommandOnPipes) {
  shim.start(id, false, {"/bin/sh", "-c", "cat; echo failed >&2; exit 7"});
  shim.link.send(input_of(id, "hello\n"));
  wire::ToShim close;
  close.mutable_close_input()->set_terminal_id(id);
  shim.link.send(close);
  const auto exit = shim.await(FromShim::kExit).exit();
  EXPECT_EQ(exit.code(), 7);
  EXPECT_EQ(exit.end(), 13u);
  const auto all = shim.journal(id);
  EXPECT_TRUE(all == "hello\nfailed\n" || all == "failed\nhello\n") << all;
}

TEST_P(RealInit, RunsAProgramOnATerminal) {
  shim.start(id, true, {"/bin/sh", "-c", "stty size; read line; echo \"got $line\"; kill -9 $$"});
  wire::ToShim resize;
  shim.link.send(input_of(id, "a key\r"));
  const auto exit = shim.await(FromShim::kExit).exit();
  EXPECT_EQ(exit.signal(), 9);
  const auto all = shim.journal(id);
  EXPECT_NE(all.find("24 80\r\n"), std::string::npos) << all;
  EXPECT_NE(all.find("got a key\r\n"), std::string::npos) << all;
}

TEST_P(RealInit, KeepsEveryByteOfALoudProgram) {
  const std::string script = "i=0; while [ $i -lt 40000 ]; do echo \"line $i of a long output\"; i=$((i+1)); done";
  std::string expected;
  for (int i = 0; i < 40'000; ++i) expected += "line " + std::to_string(i) + " of a long output\n";
  shim.start(id, false, {"/bin/sh", "-c", script});
  EXPECT_EQ(shim.await(FromShim::kExit).exit().end(), expected.size());
  EXPECT_TRUE(shim.journal(id) == expected);
}

TEST_P(RealInit, GivesALotOfInputToAProgramThatReadsIt) {
  shim.start(id, false, {"/usr/bin/wc", "-c"});
  constexpr std::size_t total = 3 << 20;
  std::size_t sent = 0, taken = 0;
  while (taken < total) {
    while (sent < total && sent - taken + (64 << 10) <= wire::input_window_bytes) {
      shim.link.send(input_of(id, std::string(64 << 10, 'x')));
      sent += 64 << 10;
    }
    taken = shim.await(FromShim::kInputAck).input_ack().taken();
  }
  wire::ToShim close;
  close.mutable_close_input()->set_terminal_id(id);
  shim.link.send(close);
  shim.await(FromShim::kExit);
  EXPECT_EQ(shim.journal(id), std::to_string(total) + "\n");
}

TEST_P(RealInit, SaysWhatCannotBeRun) {
  shim.start(id, false, {"/nowhere/at/all"});
  EXPECT_EQ(shim.await(FromShim::kStartFailed).start_failed().sys_errno(), ENOENT);
  shim.start(terminal_id(2), false, {"/etc/passwd"});
  EXPECT_EQ(shim.await(FromShim::kStartFailed).start_failed().sys_errno(), EACCES);
}

TEST_P(RealInit, SignalsTheForeground) {
  shim.start(id, true, {"/bin/sh", "-c", "echo ready; exec sleep 1000"});
  EXPECT_EQ(read_output(shim.link, id, 7), "ready\r\n");
  wire::ToShim signal;
  signal.mutable_signal()->set_terminal_id(id);
  signal.mutable_signal()->set_signal(15);
  signal.mutable_signal()->set_group(true);
  shim.link.send(signal);
  EXPECT_EQ(shim.await(FromShim::kExit).exit().signal(), 15);
}

TEST_P(RealInit, WorksOnFiles) {
  wire::ToShim write;
  write.mutable_file()->set_request(1);
  write.mutable_file()->set_op(wire::FileRequest::WRITE);
  write.mutable_file()->set_path((shim.home.dir() / "made").string());
  write.mutable_file()->set_data("by init");
  shim.link.send(write);
  EXPECT_EQ(shim.await(FromShim::kFile).file().sys_errno(), 0);
  wire::ToShim read;
  read.mutable_file()->set_request(2);
  read.mutable_file()->set_op(wire::FileRequest::READ);
  read.mutable_file()->set_path((shim.home.dir() / "made").string());
  read.mutable_file()->set_length(100);
  shim.link.send(read);
  EXPECT_EQ(shim.await(FromShim::kFile).file().data(), "by init");
}

TEST_P(RealInit, EndsEverythingWhenAsked) {
  shim.start(id, true, {"/bin/sh", "-c", "echo ready; while :; do sleep 1000; done"});
  EXPECT_EQ(read_output(shim.link, id, 7), "ready\r\n");
  wire::ToShim stop;
  stop.mutable_stop()->set_grace_ms(5'000);
  shim.link.send(stop);
  EXPECT_NE(shim.await(FromShim::kExit).exit().signal(), 0);
  EXPECT_EQ(shim.await(FromShim::kSandboxExit).sandbox_exit().code(), "stopped");
  EXPECT_EQ(shim.join().code, "stopped");
}

INSTANTIATE_TEST_SUITE_P(Channels, RealInit, ::testing::Values(sandbox::Channel::PtyHandover, sandbox::Channel::InBand),
                         [](const auto& param) { return param.param == sandbox::Channel::InBand ? "InBand" : "HandedOver"; });

}  // namespace
}  // namespace berth::shim::testing
