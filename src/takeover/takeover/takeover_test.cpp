#include "takeover/takeover.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/scratch_dir.hpp"
#include "os/socket.hpp"
#include "wire/frame.hpp"
#include "wire/takeover.pb.h"

namespace berth::takeover {
namespace {

using namespace std::chrono_literals;
constexpr auto long_time = 60s;
constexpr auto at_once = 10ms;  // where nothing will come however long one waits

struct TakeOver : testing::Test {
  os::ScratchDir dir;
  std::filesystem::path path = dir.path() / "takeover.sock";
  UniqueFd door = *os::listen_unix(path);

  Result<std::optional<Successor>> accept(std::chrono::milliseconds timeout = long_time) const {
    (void)os::wait_ready(door.get(), POLLIN, long_time);
    return Successor::accept(door.get(), timeout);
  }
  Sockets sockets() const {
    auto open = [this](const char* name) { return *os::open_append(dir.path() / name); };
    return {open("lock"), open("tcp"), open("local"), open("door")};
  }
  UniqueFd say(const std::string& bytes) const {
    UniqueFd socket = *os::connect_unix(path);
    EXPECT_TRUE(os::send_with_fds(socket.get(), bytes));
    return socket;
  }
};

std::string come(std::uint32_t version) {
  wire::FromSuccessor frame;
  frame.mutable_come()->set_version(version);
  std::string out;
  wire::append_frame(frame, out);
  return out;
}

// The same file description, whatever its number: an offset set in one is that of the other.
bool same(const UniqueFd& a, const UniqueFd& b) {
  const auto mark = ::lseek(a.get(), 4711, SEEK_CUR);
  return ::lseek(b.get(), 0, SEEK_CUR) == mark;
}

TEST_F(TakeOver, SocketsAndIdleConnectionsGoOverInOrder) {
  const auto mine = sockets();
  std::vector<Idle> idle;
  for (int i = 0; i < 300; ++i)  // more than the kernel takes descriptors in one message
    idle.push_back({*os::open_append(dir.path() / std::to_string(i)), i % 2 == 0, "10.0.0." + std::to_string(i)});

  auto predecessor = Predecessor::ask(path, "1.2.3", long_time);
  ASSERT_TRUE(predecessor && *predecessor);
  auto successor = accept();
  ASSERT_TRUE(successor && *successor) << successor.error().message;
  EXPECT_EQ((*successor)->pid(), ::getpid());
  EXPECT_EQ((*successor)->release(), "1.2.3");
  auto given = std::async(std::launch::async, [&] { return (*successor)->give(mine, idle); });
  const auto estate = (*predecessor)->receive();
  ASSERT_TRUE(given.get());
  ASSERT_TRUE(estate) << estate.error().message;
  EXPECT_TRUE(same(mine.lock, estate->sockets.lock));
  EXPECT_TRUE(same(mine.tcp, estate->sockets.tcp));
  EXPECT_TRUE(same(mine.local, estate->sockets.local));
  EXPECT_TRUE(same(mine.door, estate->sockets.door));
  ASSERT_EQ(estate->idle.size(), idle.size());
  for (std::size_t i = 0; i < idle.size(); ++i) {
    EXPECT_TRUE(same(idle[i].connection, estate->idle[i].connection)) << i;
    EXPECT_EQ(estate->idle[i].local_user, idle[i].local_user);
    EXPECT_EQ(estate->idle[i].address, idle[i].address);
  }
  EXPECT_TRUE((*predecessor)->tell_ready());
  EXPECT_TRUE((*successor)->wait_until_ready());
}

TEST_F(TakeOver, NobodyListensThere) {
  door.reset();
  const auto dead = Predecessor::ask(path, "", long_time);
  ASSERT_TRUE(dead);
  EXPECT_FALSE(*dead);
  const auto absent = Predecessor::ask(dir.path() / "none", "", long_time);
  ASSERT_TRUE(absent);
  EXPECT_FALSE(*absent);
}

TEST_F(TakeOver, AnotherVersionIsRefusedWithTheReason) {
  const auto socket = say(come(protocol_version + 1));
  const auto refused = accept();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Unsupported);
  std::array<char, 512> answer;
  const auto got = os::receive_with_fds(socket.get(), answer);
  ASSERT_TRUE(got && *got);
  EXPECT_NE(std::string_view(answer.data(), (*got)->bytes).find("version 2"), std::string_view::npos);
}

TEST_F(TakeOver, WhoeverSaysNothingOrNonsenseIsNoSuccessor) {
  const auto silent = *os::connect_unix(path);
  EXPECT_EQ(accept(at_once).error().code, Code::Timeout);
  const auto loud = say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(accept());
  (void)say(come(protocol_version).substr(0, 3));  // and away
  EXPECT_EQ(accept().error().code, Code::Unavailable);
  wire::FromSuccessor frame;
  frame.mutable_ready();
  std::string early;
  wire::append_frame(frame, early);
  const auto hasty = say(early);
  EXPECT_EQ(accept().error().code, Code::Damaged);
}

TEST_F(TakeOver, ThePredecessorThatEndsIsSaid) {
  auto predecessor = Predecessor::ask(path, "", long_time);
  ASSERT_TRUE(predecessor && *predecessor);
  { const auto successor = accept(); }
  EXPECT_EQ((*predecessor)->receive().error().code, Code::Unavailable);
}

TEST_F(TakeOver, TooFewDescriptorsAreDamage) {
  auto predecessor = Predecessor::ask(path, "", long_time);
  ASSERT_TRUE(predecessor && *predecessor);
  const auto raw = os::accept_unix(door.get());
  ASSERT_TRUE(raw && *raw);
  wire::FromPredecessor frame;
  frame.mutable_sockets()->set_version(1);
  std::string bytes;
  wire::append_frame(frame, bytes);
  const int one = door.get();
  ASSERT_TRUE(os::send_with_fds((*raw)->get(), bytes, {&one, 1}));
  EXPECT_EQ((*predecessor)->receive().error().code, Code::Damaged);
}

TEST_F(TakeOver, TheOneThatNeverGetsReadyIsEnded) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto predecessor = Predecessor::ask(path, "", long_time);
    if (predecessor && *predecessor) (void)(*predecessor)->receive();
    for (;;) ::pause();
  }
  auto successor = accept(1s);
  ASSERT_TRUE(successor && *successor);
  ASSERT_EQ((*successor)->pid(), child);
  ASSERT_TRUE((*successor)->give(sockets(), {}));
  EXPECT_EQ((*successor)->wait_until_ready().error().code, Code::Timeout);
  (*successor)->end();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WNOHANG), child);  // it has ended already
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace berth::takeover
