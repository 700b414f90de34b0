#pragma once
// Unix stream sockets, and passing descriptors over them (unix(7), SCM_RIGHTS).
//
// Every socket is CLOEXEC; SIGPIPE is never raised. A path of more than 107 bytes works too: it is reached through
// /proc/self/fd/<directory>/<name>. EAGAIN is an empty optional.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::os {

inline constexpr std::size_t max_passed_fds = 8;

struct PeerCredentials { pid_t pid; uid_t uid; gid_t gid; };

// Listens with mode 0600 from the moment that it exists. A socket that is there already and that nobody listens on is
// replaced; one that answers is AlreadyExists. Non-blocking.
Result<UniqueFd> listen_unix(const std::filesystem::path& path, int backlog = 64);
Result<std::optional<UniqueFd>> accept_unix(int listener);            // the connection is non-blocking
Result<UniqueFd> connect_unix(const std::filesystem::path& path);     // blocking connect, then non-blocking
Result<PeerCredentials> peer_credentials(int socket);
Result<std::pair<UniqueFd, UniqueFd>> socket_pair();                  // blocking, SOCK_STREAM
[[nodiscard]] bool is_unix_socket(int fd);
Result<> set_send_buffer(int socket, std::size_t bytes);
// A TCP connection whose peer acknowledges nothing of what was sent for so long is ended by the kernel (RFC 5482). Of
// another kind: nothing, since its peer cannot vanish unseen.
void set_unacknowledged_limit(int socket, std::chrono::milliseconds limit);

// Sends bytes (at least one) and with their first byte the descriptors; gives how many bytes went, empty: would block
// (then no descriptor went either). The caller keeps its descriptors.
Result<std::optional<std::size_t>> send_with_fds(int socket, std::string_view bytes, std::span<const int> fds = {});

// One recvmsg. bytes == 0 is the end. A message that carried more than max_passed_fds is an error.
struct Received {
  std::size_t bytes = 0;
  std::vector<UniqueFd> fds;
};
Result<std::optional<Received>> receive_with_fds(int socket, std::span<char> into);

}  // namespace berth::os
