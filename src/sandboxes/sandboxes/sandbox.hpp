#pragma once
// One live sandbox: its row, the connection to its shim, and how it ends. States are those of its row; the one coroutine
// serve() reads the connection, reconnects when it is lost while the shim lives, and is the only one that ends the sandbox.
//
// Owner: Sandboxes, until it has ended. Thread: the strand of its lane, apart from what is marked. What changes it (start,
// stop, pause) must not be cancelled half way: callers use aio::shielded.
// A sandbox that ended leaves no process, cgroup or mount; its row says why. The server's own end is not the sandbox's:
// when the lane is stopped, the shim goes on.
// Errors: FailedPrecondition (wrong state), Unavailable (shim away at the moment), Timeout, and what the store says.
//
// Example (std::shared_ptr<sandboxes::Sandbox> sandbox):
//   CO_TRY_ASSIGN(const auto row, co_await sandbox->stop(std::chrono::seconds{5}));
//   (void)row;

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aio/event.hpp"
#include "aio/task_group.hpp"
#include "link/link.hpp"
#include "os/cgroup.hpp"
#include "os/process.hpp"
#include "sandboxes/context.hpp"
#include "sandboxes/shim_files.hpp"
#include "store/also.hpp"
#include "store/rows.hpp"

namespace berth::sandboxes {

class Sandbox : public std::enable_shared_from_this<Sandbox> {
 public:
  using Gone = std::function<void(const SandboxId&)>;  // it ended; on its strand
  Sandbox(const Context& context, store::SandboxRow row, std::shared_ptr<aio::TaskGroup> lane, Gone gone);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // ---- any thread ----
  [[nodiscard]] const SandboxId& id() const { return id_; }
  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<aio::TaskGroup>& lane() const { return lane_; }
  [[nodiscard]] boost::asio::any_io_executor executor() const { return lane_->executor(); }
  [[nodiscard]] std::filesystem::path directory() const { return context_.options.directory / id_.str(); }

  // ---- on the strand ----
  [[nodiscard]] const store::SandboxRow& row() const { return row_; }
  [[nodiscard]] const std::shared_ptr<Keeper>& keeper() const { return keeper_; }
  [[nodiscard]] const std::map<std::string, std::string>& environment() const { return environment_; }
  // The way to its shim: only while it runs and is not paused.
  [[nodiscard]] Result<std::shared_ptr<link::Link>> link() const;

  // A new one, its row provisioning: running when this returns, or failed and cleaned up.
  boost::asio::awaitable<Result<>> start(wire::ShimSpec spec);
  // One of an earlier server: found again, or ended. A half made one whose shim is gone is undone, row and all.
  boost::asio::awaitable<void> readopt();
  // Returns when it has ended, and how. `also` is written with the row that says so, if that was not yet.
  boost::asio::awaitable<Result<store::SandboxRow>> stop(std::chrono::milliseconds grace, store::Also also = {});
  boost::asio::awaitable<Result<store::SandboxRow>> set_paused(bool paused, store::Also also = {});
  boost::asio::awaitable<Result<os::CgroupUsage>> usage();
  // The server goes and the sandbox stays: returns when its shim has taken everything that was sent, or the time is over.
  boost::asio::awaitable<void> let_go(std::chrono::milliseconds limit);

 private:
  // Silent: alive, but it does not answer now. Foreign: alive, but of a version that we cannot speak to.
  enum class Found { Attached, Dead, Silent, Foreign };
  struct End { std::string code, reason; std::optional<WallTime> time; };

  boost::asio::awaitable<Result<>> greet(wire::ShimSpec spec);
  boost::asio::awaitable<Result<>> record_start(WallTime started);
  void attach(std::shared_ptr<link::Link> link, const wire::Welcome& welcome);
  static boost::asio::awaitable<void> serve(std::shared_ptr<Sandbox> self);
  void take(wire::FromShim frame);
  boost::asio::awaitable<Found> reconnect(std::chrono::milliseconds limit, bool wait_for_record);
  boost::asio::awaitable<Result<>> connect(std::chrono::milliseconds limit);
  boost::asio::awaitable<void> agree_on_pause();  // a row that says otherwise than the shim is written anew
  boost::asio::awaitable<void> finish();
  boost::asio::awaitable<void> abandon(std::optional<Error> why);  // a start that failed; without a reason its row goes, too
  boost::asio::awaitable<void> kill();
  boost::asio::awaitable<void> clear();
  boost::asio::awaitable<End> how_it_ended();
  boost::asio::awaitable<Result<>> write_row(store::SandboxRow row, store::Also also = {});
  boost::asio::awaitable<Result<>> part();
  boost::asio::awaitable<bool> wait_ended(std::chrono::milliseconds limit);
  void set_ended();

  const Context& context_;
  const SandboxId id_;
  const std::string owner_, name_;
  std::shared_ptr<aio::TaskGroup> lane_;
  Gone gone_;
  log::Logger log_;

  store::SandboxRow row_;
  std::shared_ptr<Keeper> keeper_;
  std::shared_ptr<link::Link> link_;
  std::map<std::string, std::string> environment_;
  std::string secret_, cgroup_;
  os::Process shim_;                     // a child of ours, until it was waited for
  std::optional<wire::SandboxExit> told_;  // the shim's last word
  bool serving_ = false;                 // serve() will end it
  bool stopping_ = false;                // somebody asked for its end
  store::Also asked_;                    // written with its end
  bool forced_ = false;
  bool ended_ = false;
  bool leaving_ = false;                 // the server goes; no new connection to the shim
  bool paused_ = false;                  // as the shim says
  bool writing_ = false;                 // its row
  aio::Event changed_;
};

}  // namespace berth::sandboxes
