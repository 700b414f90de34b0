#pragma once
// The server's end of one connection to a shim (wire/shim.proto): frames in, in order, to one handler; frames out through
// a bounded queue; requests matched with their replies.
//
// On the sandbox's strand. A Link is made by connect() (a running shim: it proves that it knows the secret of this run) or by
// adopt() (the socket pair of a shim that we just started). welcome() comes first, then run() for as long as the connection
// lives; when run() returns the link is closed and every waiting call fails with Unavailable.
// Limits: one frame is at most wire::max_frame_bytes; the outgoing queue Options::queue_bytes, then send() waits; at most
// Options::requests requests at a time.
// Errors: Unavailable (shim away), Unauthenticated (it refused our proof), Unsupported (its version), Timeout, Damaged.
//
// Example (std::string secret):
//   CO_TRY_ASSIGN(const auto link, co_await link::Link::connect("shim.sock", secret, {}));
//   CO_TRY_ASSIGN(const auto first, co_await link->welcome(std::chrono::seconds{5}));
//   (void)first;

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "aio/event.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wire/frame.hpp"
#include "wire/shim.pb.h"

namespace berth::link {

struct Options {
  std::size_t queue_bytes = 1 << 20;
  std::size_t requests = 256;
  std::chrono::milliseconds timeout{30'000};  // connecting, and each request
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  using Handler = std::function<void(wire::FromShim)>;

  static boost::asio::awaitable<Result<std::shared_ptr<Link>>> connect(std::filesystem::path socket, std::string secret,
                                                                       Options options);
  static Result<std::shared_ptr<Link>> adopt(const boost::asio::any_io_executor& executor, UniqueFd socket, Options options);
  ~Link();

  // What the shim says first: that its sandbox runs, or that it could not be started.
  boost::asio::awaitable<Result<std::variant<wire::Welcome, wire::SandboxExit>>> welcome(std::chrono::milliseconds limit);
  // Gives every later frame but replies to `handler` until the connection ends; the reason is returned.
  boost::asio::awaitable<Error> run(Handler handler);
  void close();
  // Everything that was sent goes out, and the shim is told that no more comes: it ends the connection when it has taken it.
  boost::asio::awaitable<Result<>> finish();
  [[nodiscard]] bool open() const { return socket_.is_open(); }

  boost::asio::awaitable<Result<>> send(wire::ToShim frame);
  boost::asio::awaitable<Result<wire::FileReply>> file(wire::FileRequest request);
  boost::asio::awaitable<Result<>> pause(bool paused);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  struct Reply { std::optional<wire::FromShim> frame; };

  Link(Socket socket, Options options);
  boost::asio::awaitable<Result<wire::FromShim>> read_frame();
  boost::asio::awaitable<Result<>> authenticate(std::string secret);
  boost::asio::awaitable<Result<wire::FromShim>> request(std::uint64_t number, wire::ToShim frame);
  bool take_reply(wire::FromShim& frame);
  void kick_writer();
  static boost::asio::awaitable<void> write_out(std::shared_ptr<Link> self);

  Socket socket_;
  Options options_;
  wire::FrameReader reader_;
  std::string buffer_;
  std::string outgoing_;
  bool writing_ = false;
  aio::Event room_;
  aio::Event replied_;
  std::map<std::uint64_t, Reply> waiting_;
  std::uint64_t next_request_ = 1;
};

}  // namespace berth::link
