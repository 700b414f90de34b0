#pragma once
// Rows of one terminal on their way to the store. Changes coalesce while a write is running: at most one runs and one
// waits, so a thousand commands a second cost a few commits. A write that failed (a full disk) is tried again; nothing is
// dropped, since the journal is the truth and `full()` makes the terminal stop parsing until there is room.
//
// On the sandbox's strand only. A write that is running keeps the object alive through its shared_ptr.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "store/also.hpp"
#include "store/store.hpp"
#include "terminals/shared.hpp"

namespace berth::terminals {

class Records : public std::enable_shared_from_this<Records> {
 public:
  Records(std::shared_ptr<const Shared> shared, TerminalId id);

  void insert(const store::TerminalRow& row, store::Also also = {});  // first write of a new terminal
  void update(const store::TerminalRow& row, store::Also also = {});
  void put(const store::CommandRow& command);
  // In one unit of work: a command that is stored as ended, and output that is not stored as read, would be a second command
  // after a restart.
  void put(const store::CommandRow& ended, const store::TerminalRow& row);
  [[nodiscard]] bool full() const;

  // Waits until all that was put so far was tried once; the first failure is returned and goes on being retried.
  boost::asio::awaitable<Result<>> settled();

 private:
  struct Batch {
    std::optional<store::TerminalRow> insert, update;
    std::map<std::uint64_t, store::CommandRow> commands;
    std::size_t bytes = 0;  // of their texts, about
    std::vector<store::Also> also;
    [[nodiscard]] bool empty() const { return !insert && !update && commands.empty(); }
  };

  void add(const store::CommandRow& command);
  void kick();
  static boost::asio::awaitable<void> run(std::shared_ptr<Records> self);
  void put_back(Batch failed);

  std::shared_ptr<const Shared> shared_;
  TerminalId id_;
  Batch pending_;
  bool running_ = false;
  std::uint64_t put_ = 0, tried_ = 0;  // generations
  Result<> last_;
  boost::asio::steady_timer settled_;
};

}  // namespace berth::terminals
