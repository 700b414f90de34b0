#include "link/link.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>

#include "aio/deadline.hpp"
#include "crypto/crypto.hpp"
#include "os/socket.hpp"

namespace berth::link {
namespace {

using boost::asio::awaitable;
constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::size_t read_bytes = 64 << 10;
constexpr std::uint32_t oldest_shim = 1, newest_shim = 1;

std::unexpected<Error> away() { return fail(Code::Unavailable, "The sandbox cannot be reached at the moment."); }

}  // namespace

Link::Link(Socket socket, Options options)
    : socket_(std::move(socket)),
      options_(options),
      room_(socket_.get_executor()),
      replied_(socket_.get_executor()) {}

Link::~Link() { close(); }

Result<std::shared_ptr<Link>> Link::adopt(const boost::asio::any_io_executor& executor, UniqueFd fd, Options options) {
  Socket socket(executor);
  boost::system::error_code error;
  socket.assign(boost::asio::local::stream_protocol(), fd.get(), error);
  if (error) return fail_errno(error.value(), "assign", "shim socket");
  (void)fd.release();
  return std::shared_ptr<Link>(new Link(std::move(socket), options));
}

awaitable<Result<std::shared_ptr<Link>>> Link::connect(std::filesystem::path path, std::string secret, Options options) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto socket = os::connect_unix(path);  // of any length; waits for nothing but room in the listener's queue
  if (!socket) {
    Error error = std::move(socket).error();
    error.code = Code::Unavailable;
    error.message = "The sandbox's shim does not answer.";
    co_return std::unexpected(std::move(error));
  }
  CO_TRY_ASSIGN(const auto link, adopt(executor, *std::move(socket), options));
  CO_TRY(co_await aio::with_deadline(link->authenticate(std::move(secret)), options.timeout,
                                     "The sandbox's shim did not answer in time."));
  co_return link;
}

awaitable<Result<>> Link::authenticate(std::string secret) {
  CO_TRY_ASSIGN(const auto frame, co_await read_frame());
  if (!frame.has_challenge()) co_return fail(Code::Damaged, "The sandbox's shim broke its protocol.");
  const std::uint32_t version = frame.challenge().version();
  if (version < oldest_shim || version > newest_shim)
    co_return fail(Code::Unsupported, "The sandbox was started by a version of Berth that this one cannot speak to.",
                   "Start the version that made it, or remove the sandbox.");
  wire::ToShim proof;
  const auto mac = crypto::hmac_sha256(secret, "berth-shim-v1" + frame.challenge().nonce());
  proof.mutable_proof()->set_mac(mac.data(), mac.size());
  co_return co_await send(std::move(proof));
}

awaitable<Result<std::variant<wire::Welcome, wire::SandboxExit>>> Link::welcome(std::chrono::milliseconds limit) {
  CO_TRY_ASSIGN(auto frame, co_await aio::with_deadline(read_frame(), limit, "The sandbox did not start in time."));
  if (frame.has_welcome()) co_return std::move(*frame.mutable_welcome());
  if (frame.has_sandbox_exit()) co_return std::move(*frame.mutable_sandbox_exit());
  co_return fail(Code::Damaged, "The sandbox's shim broke its protocol.");
}

awaitable<Result<wire::FromShim>> Link::read_frame() {
  for (;;) {
    if (const auto payload = reader_.next()) {
      wire::FromShim frame;
      CO_TRY(wire::parse_frame(*payload, frame));
      co_return frame;
    }
    buffer_.resize(read_bytes);
    const auto [error, n] = co_await socket_.async_read_some(boost::asio::buffer(buffer_), no_throw);
    if (error) co_return away();
    CO_TRY(reader_.feed(std::string_view(buffer_).substr(0, n)));
  }
}

awaitable<Error> Link::run(Handler handler) {
  const auto self = shared_from_this();
  for (;;) {
    auto frame = co_await read_frame();
    if (!frame) {
      close();
      co_return std::move(frame).error();
    }
    if (!take_reply(*frame)) handler(std::move(*frame));
  }
}

void Link::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);  // the descriptor is gone either way
  room_.notify();
  replied_.notify();
}

awaitable<Result<>> Link::send(wire::ToShim frame) {
  const auto self = shared_from_this();
  while (open() && outgoing_.size() >= options_.queue_bytes) CO_TRY(co_await room_.wait());
  if (!open()) co_return away();
  wire::append_frame(frame, outgoing_);
  kick_writer();
  co_return Result<>{};
}

// The writer holds the link and ends when the queue is empty or the socket is closed.
void Link::kick_writer() {
  if (std::exchange(writing_, true)) return;
  boost::asio::co_spawn(socket_.get_executor(), write_out(shared_from_this()), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

awaitable<void> Link::write_out(std::shared_ptr<Link> self) {
  while (self->open() && !self->outgoing_.empty()) {
    const std::string bytes = std::exchange(self->outgoing_, {});
    self->room_.notify();
    const auto [error, n] = co_await boost::asio::async_write(self->socket_, boost::asio::buffer(bytes), no_throw);
    if (error) self->close();
  }
  self->writing_ = false;
  self->room_.notify();
}

awaitable<Result<>> Link::finish() {
  const auto self = shared_from_this();
  while (open() && writing_) CO_TRY(co_await room_.wait());
  boost::system::error_code gone;
  if (open()) socket_.shutdown(Socket::shutdown_send, gone);
  co_return Result<>{};
}

bool Link::take_reply(wire::FromShim& frame) {
  const std::uint64_t number = frame.has_file() ? frame.file().request() : frame.has_pause() ? frame.pause().request() : 0;
  if (number == 0) return false;
  if (const auto found = waiting_.find(number); found != waiting_.end()) {
    found->second.frame = std::move(frame);
    replied_.notify();
  }
  return true;
}

awaitable<Result<wire::FromShim>> Link::request(std::uint64_t number, wire::ToShim frame) {
  const auto self = shared_from_this();
  if (waiting_.size() >= options_.requests)
    co_return fail(Code::ResourceExhausted, "The sandbox is busy with too many requests.", "Try again in a while.");
  struct Entry {  // gone on every way out
    std::map<std::uint64_t, Reply>& map;
    std::uint64_t key;
    ~Entry() { map.erase(key); }
  } entry{waiting_, number};
  waiting_[number];
  CO_TRY(co_await send(std::move(frame)));
  while (!waiting_[number].frame) {
    if (!open()) co_return away();
    CO_TRY(co_await replied_.wait());
  }
  co_return std::move(*waiting_[number].frame);
}

awaitable<Result<wire::FileReply>> Link::file(wire::FileRequest file) {
  const std::uint64_t number = next_request_++;
  wire::ToShim frame;
  *frame.mutable_file() = std::move(file);
  frame.mutable_file()->set_request(number);
  CO_TRY_ASSIGN(auto reply, co_await aio::with_deadline(request(number, std::move(frame)), options_.timeout,
                                                        "The sandbox did not answer in time."));
  if (!reply.has_file()) co_return fail(Code::Damaged, "The sandbox's shim broke its protocol.");
  co_return std::move(*reply.mutable_file());
}

awaitable<Result<>> Link::pause(bool paused) {
  const std::uint64_t number = next_request_++;
  wire::ToShim frame;
  frame.mutable_pause()->set_request(number);
  frame.mutable_pause()->set_paused(paused);
  CO_TRY_ASSIGN(const auto reply, co_await aio::with_deadline(request(number, std::move(frame)), options_.timeout,
                                                              "The sandbox did not answer in time."));
  if (!reply.has_pause()) co_return fail(Code::Damaged, "The sandbox's shim broke its protocol.");
  if (reply.pause().sys_errno() != 0) co_return fail_errno(reply.pause().sys_errno(), "pause");
  co_return Result<>{};
}

}  // namespace berth::link
