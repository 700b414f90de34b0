#include "os/socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "os/file.hpp"
#include "os/poll.hpp"
#include "os/scratch_dir.hpp"

namespace berth::os {
namespace {

TEST(Socket, ListensPrivatelyAndKnowsItsPeer) {
  ScratchDir dir;
  auto listener = listen_unix(dir / "s");
  ASSERT_TRUE(listener);
  EXPECT_EQ(stat_path(dir / "s")->st_mode & 0777, 0600u);
  EXPECT_FALSE(*accept_unix(listener->get()));
  auto client = *connect_unix(dir / "s");
  ASSERT_TRUE(*wait_ready(listener->get(), POLLIN, std::chrono::seconds{20}));
  auto server = *accept_unix(listener->get());
  ASSERT_TRUE(server);
  EXPECT_EQ(peer_credentials(server->get())->pid, ::getpid());
  EXPECT_TRUE(is_unix_socket(server->get()));
  EXPECT_FALSE(is_unix_socket(make_pipe()->read.get()));
}

TEST(Socket, AStaleSocketIsReplacedALiveOneIsNot) {
  ScratchDir dir;
  {
    auto gone = listen_unix(dir / "s");
    ASSERT_TRUE(gone);
  }
  EXPECT_FALSE(connect_unix(dir / "s"));
  auto live = listen_unix(dir / "s");
  ASSERT_TRUE(live);
  const auto second = listen_unix(dir / "s");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::AlreadyExists);
}

TEST(Socket, LongPathsWork) {
  ScratchDir dir;
  const Path deep = dir / std::string(100, 'a') / std::string(100, 'b');
  std::filesystem::create_directories(deep);
  auto listener = listen_unix(deep / "shim.sock");
  ASSERT_TRUE(listener) << listener.error().describe();
  EXPECT_TRUE(connect_unix(deep / "shim.sock"));
  EXPECT_EQ(stat_path(deep / "shim.sock")->st_mode & 0777, 0600u);
}

TEST(Socket, DescriptorsTravelWithTheirBytes) {
  auto [a, b] = *socket_pair();
  auto pipe = *make_pipe();
  const std::array<int, 2> fds{pipe.read.get(), pipe.write.get()};
  EXPECT_EQ(send_with_fds(a.get(), "plain").value_or(0), 5u);
  EXPECT_EQ(send_with_fds(a.get(), "with", fds).value_or(0), 4u);
  std::array<char, 100> into;
  auto first = *receive_with_fds(b.get(), into);
  ASSERT_TRUE(first);
  std::size_t bytes = first->bytes;
  std::vector<UniqueFd> got = std::move(first->fds);
  while (bytes < 9) {
    auto more = *receive_with_fds(b.get(), into);
    ASSERT_TRUE(more);
    bytes += more->bytes;
    for (UniqueFd& fd : more->fds) got.push_back(std::move(fd));
  }
  ASSERT_EQ(got.size(), 2u);
  ASSERT_TRUE(write_all(got[1].get(), "x"));
  char byte = 0;
  EXPECT_EQ(read_some(pipe.read.get(), {&byte, 1}).value_or(0), 1u);
  EXPECT_FALSE(*receive_with_fds(b.get(), into)) << "would block";
  a.reset();
  EXPECT_EQ((*receive_with_fds(b.get(), into))->bytes, 0u);
  EXPECT_EQ(send_with_fds(b.get(), "x").error().code, Code::Unavailable) << "no SIGPIPE";
}

TEST(Socket, AFullSocketWouldBlock) {
  auto [a, b] = *socket_pair();
  const std::string chunk(100'000, 'x');
  int rounds = 0;
  while (*send_with_fds(a.get(), chunk)) ASSERT_LT(++rounds, 1000);
  EXPECT_GT(rounds, 0);
}

}  // namespace
}  // namespace berth::os
