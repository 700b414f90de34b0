#pragma once
// The terminals of one live sandbox: started here, fed with what its shim says, ended with it. Ended terminals are dropped
// once their rows are written; from then on the store and the journal answer for them.
//
// On the sandbox's strand, apart from executor(). Made by Sandboxes for each sandbox; viewers hold it.
// Limits: terminal.max running terminals. remove_on_exit: when the last terminal ended and nobody looks any more, the
// sandbox is removed; a terminal that nobody has looked at yet is waited for a little (linger).

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "aio/event.hpp"
#include "control/domain.hpp"
#include "sandboxes/keeper.hpp"
#include "sandboxes/sandbox.hpp"

namespace berth::control {

class TerminalHost final : public sandboxes::Keeper, public std::enable_shared_from_this<TerminalHost> {
 public:
  static constexpr std::chrono::seconds linger{10};
  static constexpr std::chrono::seconds settle_limit{10};
  static constexpr std::size_t kept_ended = 64;  // of a sandbox that is removed on exit: late viewers count, too

  TerminalHost(Domain& domain, const std::shared_ptr<sandboxes::Sandbox>& sandbox);

  boost::asio::awaitable<Result<>> restore() override;
  void attached(std::shared_ptr<link::Link> link, const wire::Welcome& welcome) override;
  void frame(wire::FromShim frame) override;
  boost::asio::awaitable<void> ended(std::string reason) override;

  // Returns when it runs; one whose program cannot be started has ended then (127, 126).
  boost::asio::awaitable<Result<std::shared_ptr<terminals::Terminal>>> start(StartTerminal wanted, store::Also also);
  [[nodiscard]] std::vector<std::shared_ptr<terminals::Terminal>> all() const;
  [[nodiscard]] boost::asio::any_io_executor executor() const { return executor_; }
  [[nodiscard]] const std::shared_ptr<aio::TaskGroup>& lane() const { return lane_; }

  void viewer_came();
  void viewer_left();

 private:
  struct Restored { store::TerminalRow row; std::uint64_t next_number = 1; };
  struct History { std::size_t terminals = 0; std::vector<Restored> running; };

  static Result<History> read_rows(store::Reader& reader, const SandboxId& id);
  boost::asio::awaitable<Result<>> check_free(std::string name);
  void enter(const std::shared_ptr<terminals::Terminal>& terminal);
  void told(const TerminalId& id);
  void consider_removal();
  static boost::asio::awaitable<void> remove_later(std::weak_ptr<TerminalHost> weak, std::size_t started);
  static boost::asio::awaitable<void> kill_unknown(std::shared_ptr<link::Link> link, std::string terminal);

  Domain& domain_;
  std::weak_ptr<sandboxes::Sandbox> sandbox_;
  const SandboxId id_;
  const std::string owner_;
  const bool remove_on_exit_;
  std::shared_ptr<aio::TaskGroup> lane_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<terminals::Shared> shared_;
  std::shared_ptr<terminals::Outlet> outlet_;
  std::unordered_map<std::string, std::shared_ptr<terminals::Terminal>> terminals_;
  std::deque<TerminalId> ended_ids_;
  std::size_t running_ = 0, started_ = 0, viewers_ = 0;
  bool history_known_ = true;  // else what the shim runs and we do not know may be somebody's
  bool looked_at_ = false;     // since a terminal was started last
  bool removing_ = false;
  aio::Event changed_;
};

}  // namespace berth::control
