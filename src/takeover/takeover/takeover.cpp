#include "takeover/takeover.hpp"

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <csignal>

#include "os/poll.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "wire/frame.hpp"
#include "wire/takeover.pb.h"

namespace berth::takeover {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr std::size_t socket_count = 4;
constexpr milliseconds grace_of_the_killed{10'000};  // a process that was killed has ended by then

}  // namespace

// Frames in both directions over one connection, with the descriptors that came in the order in which they came.
class Talk {
 public:
  Talk(UniqueFd socket, milliseconds timeout) : socket_(std::move(socket)), timeout_(timeout) {}

  Result<> send(const google::protobuf::MessageLite& message, std::span<const int> fds = {}) {
    std::string bytes;
    wire::append_frame(message, bytes);
    const auto until = steady_clock::now() + timeout_;
    for (std::string_view rest = bytes; !rest.empty();) {
      TRY_ASSIGN(const auto sent, os::send_with_fds(socket_.get(), rest, fds));
      if (sent) {
        rest.remove_prefix(*sent);
        fds = {};
      } else {
        TRY(ready(POLLOUT, until));
      }
    }
    return {};
  }

  Result<> receive(google::protobuf::MessageLite& message) {
    const auto until = steady_clock::now() + timeout_;
    for (;;) {
      if (const auto payload = reader_.next()) return wire::parse_frame(*payload, message);
      TRY(ready(POLLIN, until));
      std::array<char, 4096> space;
      TRY_ASSIGN(auto got, os::receive_with_fds(socket_.get(), space));
      if (!got) continue;
      if (got->bytes == 0) return fail(Code::Unavailable, "The other server ended during the take-over.");
      for (auto& fd : got->fds) fds_.push_back(std::move(fd));
      TRY(reader_.feed({space.data(), got->bytes}));
    }
  }

  Result<UniqueFd> take_fd() {
    if (fds_.empty()) return fail(Code::Damaged, "The other server sent fewer descriptors than it said.");
    UniqueFd fd = std::move(fds_.front());
    fds_.pop_front();
    return fd;
  }

 private:
  Result<> ready(short events, steady_clock::time_point until) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    TRY_ASSIGN(const bool ready, os::wait_ready(socket_.get(), events, std::max(left, milliseconds{0})));
    if (!ready) return fail(Code::Timeout, "The other server did not answer in time.");
    return {};
  }

  UniqueFd socket_;
  milliseconds timeout_;
  wire::FrameReader reader_;
  std::deque<UniqueFd> fds_;
};

// ---- the one that goes ----

Result<std::optional<Successor>> Successor::accept(int door, milliseconds timeout) {
  TRY_ASSIGN(auto socket, os::accept_unix(door));
  if (!socket) return std::optional<Successor>{};
  TRY_ASSIGN(const auto peer, os::peer_credentials(socket->get()));
  if (peer.uid != ::geteuid()) return fail(Code::PermissionDenied, fmt::format("A process of user {} cannot take over.", peer.uid));
  TRY_ASSIGN(auto process, os::open_pidfd(peer.pid));  // it is connected: the number is still its own
  auto talk = std::make_unique<Talk>(*std::move(socket), timeout);
  wire::FromSuccessor first;
  TRY(talk->receive(first));
  if (!first.has_come()) return fail(Code::Damaged, "The other server did not say who it is.");
  if (first.come().version() != protocol_version) {
    wire::FromPredecessor answer;
    answer.mutable_refused()->set_why(
        fmt::format("It wants to take over in version {} of the protocol; the running server knows {}.", first.come().version(), protocol_version));
    TRY(talk->send(answer));
    return fail(Code::Unsupported, answer.refused().why());
  }
  return std::optional(Successor(std::move(talk), peer.pid, std::move(process), first.come().release()));
}

Successor::Successor(std::unique_ptr<Talk> talk, pid_t pid, UniqueFd process, std::string release)
    : talk_(std::move(talk)), pid_(pid), process_(std::move(process)), release_(std::move(release)) {}
Successor::Successor(Successor&&) noexcept = default;
Successor& Successor::operator=(Successor&&) noexcept = default;
Successor::~Successor() = default;

Result<> Successor::give(const Sockets& sockets, std::span<const Idle> idle) {
  wire::FromPredecessor frame;
  frame.mutable_sockets()->set_version(protocol_version);
  const std::array<int, socket_count> listening{sockets.lock.get(), sockets.tcp.get(), sockets.local.get(), sockets.door.get()};
  TRY(talk_->send(frame, listening));
  for (const auto& client : idle) {
    frame.mutable_idle()->set_local_user(client.local_user);
    frame.mutable_idle()->set_address(client.address);
    const int fd = client.connection.get();
    TRY(talk_->send(frame, {&fd, 1}));
  }
  frame.mutable_yours();
  return talk_->send(frame);
}

Result<> Successor::wait_until_ready() {
  wire::FromSuccessor frame;
  TRY(talk_->receive(frame));
  if (!frame.has_ready()) return fail(Code::Damaged, "The other server did not say that it is ready.");
  return {};
}

void Successor::end() {
  (void)os::signal_pidfd(process_.get(), SIGKILL);
  (void)os::wait_ready(process_.get(), POLLIN, grace_of_the_killed);
}

// ---- the one that comes ----

Predecessor::Predecessor(std::unique_ptr<Talk> talk) : talk_(std::move(talk)) {}
Predecessor::Predecessor(Predecessor&&) noexcept = default;
Predecessor& Predecessor::operator=(Predecessor&&) noexcept = default;
Predecessor::~Predecessor() = default;

Result<std::optional<Predecessor>> Predecessor::ask(const std::filesystem::path& door, std::string_view release,
                                                    milliseconds timeout) {
  auto socket = os::connect_unix(door);
  if (!socket && (socket.error().sys_errno == ENOENT || socket.error().sys_errno == ECONNREFUSED))
    return std::optional<Predecessor>{};
  if (!socket) return pass(std::move(socket).error());
  auto talk = std::make_unique<Talk>(*std::move(socket), timeout);
  wire::FromSuccessor frame;
  frame.mutable_come()->set_version(protocol_version);
  frame.mutable_come()->set_release(std::string(release));
  TRY(talk->send(frame));
  return std::optional(Predecessor(std::move(talk)));
}

Result<Estate> Predecessor::receive() {
  Estate out;
  wire::FromPredecessor frame;
  TRY(talk_->receive(frame));
  if (frame.has_refused()) return fail(Code::FailedPrecondition, "The running server refused: " + frame.refused().why());
  if (!frame.has_sockets()) return fail(Code::Damaged, "The running server gave no sockets.");
  for (UniqueFd* into : {&out.sockets.lock, &out.sockets.tcp, &out.sockets.local, &out.sockets.door}) {
    TRY_ASSIGN(*into, talk_->take_fd());
  }
  for (;;) {
    TRY(talk_->receive(frame));
    if (frame.has_yours()) return out;
    if (!frame.has_idle()) return fail(Code::Damaged, "The running server sent something else than a connection.");
    TRY_ASSIGN(auto connection, talk_->take_fd());
    out.idle.push_back({std::move(connection), frame.idle().local_user(), frame.idle().address()});
  }
}

Result<> Predecessor::tell_ready() {
  wire::FromSuccessor frame;
  frame.mutable_ready();
  return talk_->send(frame);
}

}  // namespace berth::takeover
