#include "os/socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "os/file.hpp"
#include "os/retry.hpp"

namespace berth::os {
namespace {

struct Address {
  sockaddr_un unix{};
  UniqueFd directory;  // held while a long path is reached through it
};

Result<Address> address_of(const Path& path) {
  Address out;
  out.unix.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof out.unix.sun_path) {
    TRY_ASSIGN(out.directory, open_flags(path.parent_path(), O_PATH | O_DIRECTORY));
    name = "/proc/self/fd/" + std::to_string(out.directory.get()) + "/" + path.filename().string();
  }
  if (name.size() >= sizeof out.unix.sun_path) return fail_errno(ENAMETOOLONG, "bind", path);
  std::memcpy(out.unix.sun_path, name.c_str(), name.size() + 1);
  return out;
}

const sockaddr* generic(const Address& address) { return reinterpret_cast<const sockaddr*>(&address.unix); }

Result<UniqueFd> make_socket(int flags) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) return fail_errno(errno, "socket");
  return UniqueFd{fd};
}

union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * max_passed_fds)];
};

}  // namespace

Result<UniqueFd> listen_unix(const Path& path, int backlog) {
  if (auto peer = connect_unix(path))
    return pass(Error{.code = Code::AlreadyExists, .message = "Another process listens there.", .operation = "bind",
                      .subject = path});
  TRY(remove_file(path));
  TRY_ASSIGN(auto address, address_of(path));
  TRY_ASSIGN(auto fd, make_socket(SOCK_NONBLOCK));
  // The new inode takes its mode from the socket's own (unix(7)); no window in which others may connect.
  if (::fchmod(fd.get(), 0600) != 0) return fail_errno(errno, "fchmod", path);
  if (::bind(fd.get(), generic(address), sizeof address.unix) != 0) return fail_errno(errno, "bind", path);
  if (::chmod(address.unix.sun_path, 0600) != 0) return fail_errno(errno, "chmod", path);
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen", path);
  return fd;
}

Result<std::optional<UniqueFd>> accept_unix(int listener) {
  const int fd = retry([&] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); });
  if (fd >= 0) return std::optional(UniqueFd{fd});
  if (errno == EAGAIN || errno == ECONNABORTED) return std::optional<UniqueFd>{};
  return fail_errno(errno, "accept4");
}

Result<UniqueFd> connect_unix(const Path& path) {
  TRY_ASSIGN(auto address, address_of(path));
  TRY_ASSIGN(auto fd, make_socket(0));
  if (retry([&] { return ::connect(fd.get(), generic(address), sizeof address.unix); }) != 0)
    return fail_errno(errno, "connect", path);
  TRY(set_nonblocking(fd.get()));
  return fd;
}

Result<PeerCredentials> peer_credentials(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return fail_errno(errno, "getsockopt SO_PEERCRED");
  return PeerCredentials{.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
}

Result<std::pair<UniqueFd, UniqueFd>> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return fail_errno(errno, "socketpair");
  return std::pair{UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

bool is_unix_socket(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

Result<> set_send_buffer(int socket, std::size_t bytes) {
  const int wanted = static_cast<int>(bytes);
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof wanted) != 0)
    return fail_errno(errno, "setsockopt SO_SNDBUF");
  return {};
}

void set_unacknowledged_limit(int socket, std::chrono::milliseconds limit) {
  const auto milliseconds = static_cast<unsigned>(limit.count());
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

Result<std::optional<std::size_t>> send_with_fds(int socket, std::string_view bytes, std::span<const int> fds) {
  BERTH_CHECK(!bytes.empty() && fds.size() <= max_passed_fds);
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  const ssize_t n = retry([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EAGAIN) return std::nullopt;
  return fail_errno(errno, "sendmsg");
}

Result<std::optional<Received>> receive_with_fds(int socket, std::span<char> into) {
  iovec data{into.data(), into.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  const ssize_t n = retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); });
  if (n < 0 && errno == EAGAIN) return std::optional<Received>{};
  if (n < 0) return fail_errno(errno, "recvmsg");
  Received out{.bytes = static_cast<std::size_t>(n), .fds = {}};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      out.fds.emplace_back(fd);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) return fail_errno(EMSGSIZE, "recvmsg", "descriptors were cut off");
  return std::optional(std::move(out));
}

}  // namespace berth::os
