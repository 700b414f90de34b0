#pragma once
// One server of a home takes the place of another that runs, and no connection is refused: the sockets that listen and the
// home's lock go from process to process (unix(7), SCM_RIGHTS), over the home's takeover.sock. What connects meanwhile waits
// in the kernel's queue.
//
//   the one that comes                         the one that goes
//   Predecessor::ask ── come, version ──────▶  Successor::accept
//                                              stops accepting, ends its requests, sends its viewers away, closes its store
//   receive()  ◀── sockets, idle connections ─ give()
//   opens the store, begins to serve
//   tell_ready() ── ready ──────────────────▶  wait_until_ready(), exits
//
// The one that goes keeps all that it gives until the other is ready. A failure before that ends the other for sure (it is
// killed, by pidfd), and the one that wanted to go serves again: a home has one server at any time.
//
// Threads: one. Every call waits at most its timeout. Ownership: descriptors are the caller's before and after.
// Errors: PermissionDenied (another user's process), Unsupported (another version), Refused by the other side as
// FailedPrecondition, Timeout, Unavailable (it ended), Damaged. Limits: frames as in wire/frame.hpp, which describes them;
// messages are wire/takeover.proto, protocol version 1.
//
// Example (std::filesystem::path home):
//   TRY_ASSIGN(auto running, takeover::Predecessor::ask(home / "takeover.sock", "1.0", std::chrono::seconds{60}));
//   if (!running) return fail(Code::NotFound, "No server runs.");
//   TRY_ASSIGN(const auto estate, running->receive());
//   TRY(running->tell_ready());
//   (void)estate;

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace berth::takeover {

inline constexpr std::uint32_t protocol_version = 1;

struct Sockets {
  UniqueFd lock;             // of the home, flock(2): held as long as one of both lives
  UniqueFd tcp, local;       // listen for the API
  UniqueFd door;             // listens as takeover.sock
};

struct Idle {                // a client's connection between two requests
  UniqueFd connection;
  bool local_user = false;   // came over the unix socket, its user checked
  std::string address;
};

struct Estate {
  Sockets sockets;
  std::vector<Idle> idle;
};

class Talk;

// The server that comes, as the running one sees it.
class Successor {
 public:
  // Whoever connected to the door; empty when nobody is there any more.
  static Result<std::optional<Successor>> accept(int door, std::chrono::milliseconds timeout);
  Successor(Successor&&) noexcept;
  Successor& operator=(Successor&&) noexcept;
  ~Successor();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& release() const { return release_; }
  Result<> give(const Sockets& sockets, std::span<const Idle> idle);
  Result<> wait_until_ready();
  // It is gone when this returns.
  void end();

 private:
  Successor(std::unique_ptr<Talk> talk, pid_t pid, UniqueFd process, std::string release);
  std::unique_ptr<Talk> talk_;
  pid_t pid_;
  UniqueFd process_;         // pidfd
  std::string release_;
};

// The running server, as the one that comes sees it.
class Predecessor {
 public:
  // Empty when no server listens there. `timeout` is that of each later wait too.
  static Result<std::optional<Predecessor>> ask(const std::filesystem::path& door, std::string_view release,
                                                std::chrono::milliseconds timeout);
  Predecessor(Predecessor&&) noexcept;
  Predecessor& operator=(Predecessor&&) noexcept;
  ~Predecessor();

  Result<Estate> receive();
  Result<> tell_ready();

 private:
  explicit Predecessor(std::unique_ptr<Talk> talk);
  std::unique_ptr<Talk> talk_;
};

}  // namespace berth::takeover
