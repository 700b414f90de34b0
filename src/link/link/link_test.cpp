#include "link/link.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "crypto/crypto.hpp"

namespace berth::link {
namespace {

// The shim's side, by hand and blocking: the peer of a socket pair.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  void say(const wire::FromShim& frame) {
    std::string bytes;
    wire::append_frame(frame, bytes);
    ASSERT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  wire::ToShim hear() {
    wire::ToShim frame;
    char buffer[4096];
    for (;;) {
      if (const auto payload = reader_.next()) {
        EXPECT_TRUE(wire::parse_frame(*payload, frame));
        return frame;
      }
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n <= 0) return frame;
      EXPECT_TRUE(reader_.feed(std::string_view(buffer, static_cast<std::size_t>(n))));
    }
  }
  UniqueFd fd_;
  wire::FrameReader reader_;
};

class LinkTest : public testing::Test {
 protected:
  LinkTest() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    peer_.emplace(pair[0]);
    link_ = *Link::adopt(io_.get_executor(), UniqueFd{pair[1]}, Options{.queue_bytes = 1000, .requests = 2});
  }
  void poll() {
    io_.restart();
    while (io_.poll() > 0) {}
  }
  void start_running() {
    boost::asio::co_spawn(io_, link_->run([this](wire::FromShim frame) { frames_.push_back(std::move(frame)); }),
                          [this](std::exception_ptr, Error error) { ended_ = std::move(error); });
    poll();
  }
  template <class T>
  void start(boost::asio::awaitable<Result<T>> work, std::optional<Result<T>>& into) {
    boost::asio::co_spawn(io_, std::move(work), [&into](std::exception_ptr, Result<T> result) { into = std::move(result); });
    poll();
  }

  boost::asio::io_context io_;
  std::optional<Peer> peer_;
  std::shared_ptr<Link> link_;
  std::vector<wire::FromShim> frames_;
  std::optional<Error> ended_;
};

TEST_F(LinkTest, RepliesFindTheirRequestsInAnyOrder) {
  start_running();
  std::optional<Result<wire::FileReply>> first, second, third;
  start(link_->file({}), first);
  start(link_->file({}), second);
  start(link_->file({}), third);
  ASSERT_TRUE(third && !*third);
  EXPECT_EQ(third->error().code, Code::ResourceExhausted);
  const auto a = peer_->hear().file().request(), b = peer_->hear().file().request();
  for (const auto& [number, data] : {std::pair{b, "second"}, std::pair{a, "first"}, std::pair{std::uint64_t{99}, "nobody's"}}) {
    wire::FromShim reply;
    reply.mutable_file()->set_request(number);
    reply.mutable_file()->set_data(data);
    peer_->say(reply);
  }
  poll();
  ASSERT_TRUE(first && *first && second && *second);
  EXPECT_EQ((*first)->data(), "first");
  EXPECT_EQ((*second)->data(), "second");
  EXPECT_TRUE(frames_.empty());
}

TEST_F(LinkTest, AnEndedConnectionFailsWhatWaits) {
  start_running();
  std::optional<Result<wire::FileReply>> waiting;
  start(link_->file({}), waiting);
  peer_.reset();
  poll();
  ASSERT_TRUE(ended_ && waiting && !*waiting);
  EXPECT_EQ(ended_->code, Code::Unavailable);
  EXPECT_EQ(waiting->error().code, Code::Unavailable);
  std::optional<Result<>> late;
  start(link_->send({}), late);
  ASSERT_TRUE(late && !*late);
}

TEST_F(LinkTest, TheQueueIsBounded) {
  start_running();
  std::optional<Result<>> blocked;
  wire::ToShim frame;
  frame.mutable_input()->set_data(std::string(200'000, 'x'));
  for (int i = 0; i < 20 && (!blocked || *blocked); ++i) {
    blocked.reset();
    start(link_->send(frame), blocked);
    if (!blocked) break;
  }
  EXPECT_FALSE(blocked) << "send never waited for a peer that does not read";
  while (!blocked) {
    (void)peer_->hear();
    poll();
  }
  EXPECT_TRUE(*blocked);
}

TEST_F(LinkTest, GarbageEndsTheLink) {
  start_running();
  ASSERT_EQ(::send(peer_->fd_.get(), "\xff\xff\xff\xff....", 8, 0), 8);
  poll();
  ASSERT_TRUE(ended_);
  EXPECT_EQ(ended_->code, Code::TooLarge);
  EXPECT_FALSE(link_->open());
}

}  // namespace
}  // namespace berth::link
