#pragma once
// From what a client names to what it is, for its owner alone: another owner's and an unknown one are the same NotFound.
// Live things are found in memory, the rest in the store.

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "control/domain.hpp"
#include "control/terminal_host.hpp"
#include "sandboxes/sandboxes.hpp"

namespace berth::control {

struct FoundTerminal {
  TerminalId id;
  std::shared_ptr<terminals::Terminal> terminal;
  std::shared_ptr<TerminalHost> host;  // empty: of the past, only its journal
  [[nodiscard]] boost::asio::any_io_executor executor() const { return terminal->executor(); }
};

class Finder {
 public:
  Finder(Domain& domain, const sandboxes::Sandboxes& sandboxes) : domain_(domain), sandboxes_(sandboxes) {}

  boost::asio::awaitable<Result<store::SandboxRow>> row(std::string owner, std::string sandbox);
  // FailedPrecondition when it is there, but does not live.
  boost::asio::awaitable<Result<std::shared_ptr<sandboxes::Sandbox>>> live(std::string owner, std::string sandbox);
  // By id, or by sandbox and name. Live ones are found without asking the store when they are named by id.
  boost::asio::awaitable<Result<FoundTerminal>> terminal(std::string owner, TerminalTarget target);
  boost::asio::awaitable<Result<TerminalId>> terminal_id(std::string owner, TerminalTarget target);  // of whoever's id it is

 private:
  Domain& domain_;
  const sandboxes::Sandboxes& sandboxes_;
};

// The keeper that control gave the sandbox. On its strand.
[[nodiscard]] std::shared_ptr<TerminalHost> host_of(const sandboxes::Sandbox& sandbox);

}  // namespace berth::control
