// berth-init as a stranger: each thing that it must not do ends its sandbox with "init_misbehaved", and nothing else.

#include <fcntl.h>

#include "os/file.hpp"
#include "os/socket.hpp"
#include "pty/pty.hpp"
#include "shim/shim_testing.hpp"

namespace berth::shim::testing {
namespace {

const std::string id = terminal_id(1);

struct Hostile {
  const char* name;
  sandbox::Channel channel;
  std::function<void(Shim& shim, std::uint64_t stream)> act;
};

wire::FromInit frame_of(const std::function<void(wire::FromInit&)>& fill) {
  wire::FromInit frame;
  fill(frame);
  return frame;
}

constexpr auto handover = sandbox::Channel::PtyHandover;
constexpr auto in_band = sandbox::Channel::InBand;

const std::vector<Hostile> acts = {
    {"Garbage", handover, [](Shim& s, std::uint64_t) { s.sandbox->init.send_raw(std::string("\x04\0\0\0\xff\xff\xff\xff", 8)); }},
    {"HugeFrame", handover, [](Shim& s, std::uint64_t) { s.sandbox->init.send_raw(std::string("\xff\xff\xff\x7f", 4)); }},
    {"EmptyFrame", handover, [](Shim& s, std::uint64_t) { s.sandbox->init.send_raw(std::string("\0\0\0\0", 4)); }},
    {"ReadyTwice", handover, [](Shim& s, std::uint64_t) {
      s.sandbox->init.send(frame_of([](auto& f) { f.mutable_ready()->set_version(1); }));
    }},
    {"UnknownStream", handover, [](Shim& s, std::uint64_t) { s.exit(99, 0); }},
    {"StreamZero", handover, [](Shim& s, std::uint64_t) { s.output(0, 0, "x"); }},
    {"ExitBeforeStart", handover, [](Shim& s, std::uint64_t stream) { s.exit(stream, 0); }},
    {"OutputBeforeStart", in_band, [](Shim& s, std::uint64_t stream) { s.output(stream, 0, "x"); }},
    {"StartWithoutDescriptor", handover, [](Shim& s, std::uint64_t stream) { s.started(stream); }},
    {"StartWithAWrongDescriptor", handover, [](Shim& s, std::uint64_t stream) {
      s.started(stream, {s.sandbox->init.in()});
    }},
    {"StartWithADeviceThatIsNoTerminal", handover, [](Shim& s, std::uint64_t stream) {
      const auto null = os::open_flags("/dev/null", O_RDWR);
      s.started(stream, {null->get()});
    }},
    {"StartWithASlave", handover, [](Shim& s, std::uint64_t stream) {
      const auto pty = pty::Pty::open({});
      s.started(stream, {pty->slave.get()});
    }},
    {"SocketsInsteadOfPipes", handover, [](Shim& s, std::uint64_t stream) {
      const auto pair = os::socket_pair();
      const auto pipe = os::make_pipe();
      s.started(stream, {pair->first.get(), pipe->read.get(), pipe->read.get()});
    }},
    {"DescriptorsThatNobodyAskedFor", handover, [](Shim& s, std::uint64_t) {
      const auto null = os::open_flags("/dev/null", O_RDWR);
      s.sandbox->init.send(frame_of([](auto& f) { f.mutable_file()->set_request(1); }), {null->get()});
    }},
    {"StartTwice", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.started(stream); }},
    {"StartedInAnotherWay", in_band, [](Shim& s, std::uint64_t stream) {
      s.sandbox->init.send(frame_of([&](auto& f) {
        f.mutable_started()->set_stream(stream);
        f.mutable_started()->set_pid(1);
        f.mutable_started()->set_handed_over(true);
      }));
    }},
    {"OutputWithAGap", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.output(stream, 5, "x"); }},
    {"OutputBeyondItsWindow", in_band, [](Shim& s, std::uint64_t stream) {
      s.started(stream);
      s.output(stream, 0, std::string(100'000, 'x'), true);  // too little for a new grant
      s.output(stream, 0, std::string(200'000, 'x'));
    }},
    {"OutputThatIsTooLarge", in_band, [](Shim& s, std::uint64_t stream) {
      s.started(stream);
      s.output(stream, 0, std::string(wire::max_data_bytes + 1, 'x'));
    }},
    {"OutputOfNothing", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.output(stream, 0, ""); }},
    {"OutputAfterTheExit", in_band, [](Shim& s, std::uint64_t stream) {
      s.started(stream);
      s.exit(stream, 0);
      s.output(stream, 0, "x");
    }},
    {"OutputInBandOfAHandedOver", handover, [](Shim& s, std::uint64_t stream) {
      const auto a = os::make_pipe(), b = os::make_pipe(), c = os::make_pipe();
      s.started(stream, {a->write.get(), b->read.get(), c->read.get()});
      s.output(stream, 0, "x");
    }},
    {"ExitBeforeItsOutput", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.exit(stream, 0, 100); }},
    {"ExitTwice", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.exit(stream, 0); s.exit(stream, 0); }},
    {"ExitWithAnImpossibleCode", in_band, [](Shim& s, std::uint64_t stream) { s.started(stream); s.exit(stream, 4711); }},
    {"ReplyToNobody", handover, [](Shim& s, std::uint64_t) {
      s.sandbox->init.send(frame_of([](auto& f) { f.mutable_file()->set_request(12345); }));
    }},
    {"QuiescedUnasked", handover, [](Shim& s, std::uint64_t) { s.sandbox->init.send(frame_of([](auto& f) { f.mutable_quiesced(); })); }},
    {"FailedStartOfWhatRuns", in_band, [](Shim& s, std::uint64_t stream) {
      s.started(stream);
      s.sandbox->init.send(frame_of([&](auto& f) {
        f.mutable_start_failed()->set_stream(stream);
        f.mutable_start_failed()->set_sys_errno(2);
      }));
    }},
};

class HostileInit : public ::testing::TestWithParam<std::size_t> {};

TEST_P(HostileInit, EndsItsOwnSandboxOnly) {
  const Hostile& hostile = acts[GetParam()];
  // "StartWithAWrongDescriptor" needs a PTY to be expected; the others do not mind pipes.
  const bool pty = std::string_view(hostile.name).starts_with("StartWith");
  Shim shim({.channel = hostile.channel});
  const auto process = shim.start(id, pty);
  hostile.act(shim, process.stream());
  const auto told = shim.await(wire::FromShim::kSandboxExit).sandbox_exit();
  EXPECT_EQ(told.code(), "init_misbehaved") << told.reason();
  EXPECT_EQ(shim.join().code, "init_misbehaved");
  EXPECT_EQ(shim.sandbox->destroyed, 1);
}

INSTANTIATE_TEST_SUITE_P(Acts, HostileInit, ::testing::Range<std::size_t>(0, acts.size()),
                         [](const auto& param) { return std::string(acts[param.param].name); });

TEST(HostileInitAlone, OneThatDoesNotReadIsEnded) {
  Shim shim;
  wire::ToShim frame;
  frame.mutable_file()->set_op(wire::FileRequest::WRITE);
  frame.mutable_file()->set_data(std::string(wire::max_data_bytes, 'x'));
  int refused = 0;
  for (std::uint64_t i = 0; i < 64; ++i) {
    frame.mutable_file()->set_request(i);
    shim.link.send(frame);
  }
  while (refused == 0) refused = shim.await(wire::FromShim::kFile).file().sys_errno();
  EXPECT_EQ(refused, EBUSY);  // bounded long before memory is
}

TEST(HostileInitAlone, OutputThatIsSentAgainIsTakenOnce) {
  Shim shim({.channel = sandbox::Channel::InBand});
  const auto process = shim.start(id, false);
  shim.started(process.stream());
  shim.output(process.stream(), 0, "abc");
  shim.output(process.stream(), 1, "bcd");
  shim.output(process.stream(), 0, "ab");
  shim.exit(process.stream(), 0, 4);
  EXPECT_EQ(shim.await(wire::FromShim::kExit).exit().end(), 4u);
  EXPECT_EQ(shim.journal(id), "abcd");
}

}  // namespace
}  // namespace berth::shim::testing
