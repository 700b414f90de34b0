#pragma once
// All live sandboxes of a server: making them, finding them again after a restart, removing them. Rules about who may do
// what are control's; the rules here are those that rows and processes need: a row before a process, so that nothing runs
// that no row names; one name per owner; nothing stays of what failed.
//
// Threads: find() and live() any; coroutines on any executor, under aio::shielded, since they must not stop half way.
// Errors: AlreadyExists (name), InvalidArgument (name), ResourceExhausted (too many), FailedPrecondition (it runs), and what
// starting it says.
//
// Example (sandboxes::Sandboxes& sandboxes, sandboxes::Request request):
//   CO_TRY(co_await sandboxes.recover());
//   CO_TRY_ASSIGN(const auto row, co_await sandboxes.create(request));
//   CO_TRY(co_await sandboxes.remove(row.id));

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "aio/lanes.hpp"
#include "sandboxes/sandbox.hpp"
#include "store/also.hpp"
#include "store/rows.hpp"

namespace berth::sandboxes {

struct Limits {
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;  // 0: none
  std::uint32_t processes = 0;
  std::uint32_t open_files = 0;
};

struct Request {
  std::string owner, name;       // name "": a readable one is picked
  std::string template_name, template_digest;
  std::filesystem::path template_root;
  Runtime runtime;
  Limits limits;
  std::map<std::string, std::string> env;
  bool remove_on_exit = false;
  store::Also also{};            // with its row
};

class Sandboxes {
 public:
  Sandboxes(Context context, aio::Lanes& lanes) : context_(std::move(context)), lanes_(lanes) {}
  Sandboxes(const Sandboxes&) = delete;
  Sandboxes& operator=(const Sandboxes&) = delete;

  // The row of a sandbox that runs.
  boost::asio::awaitable<Result<store::SandboxRow>> create(Request request);
  // Rows that an earlier server left live, and directories that no row names. Returns when each is settled.
  boost::asio::awaitable<Result<>> recover();
  // The server goes, its sandboxes go on: what was sent to their shims has been taken when this returns.
  boost::asio::awaitable<void> let_go(std::chrono::milliseconds limit);
  // Of one that does not run: directory, journals of its terminals, row.
  boost::asio::awaitable<Result<>> remove(SandboxId id, store::Also also = {});

  [[nodiscard]] std::shared_ptr<Sandbox> find(const SandboxId& id) const;
  [[nodiscard]] std::shared_ptr<Sandbox> find(const std::string& owner, const std::string& name) const;
  [[nodiscard]] std::size_t live() const;
  [[nodiscard]] const Context& context() const { return context_; }

 private:
  std::shared_ptr<Sandbox> enter(store::SandboxRow row);
  void leave(const SandboxId& id);
  Result<> claim(const std::string& owner);
  void release_claim(const std::string& owner);
  boost::asio::awaitable<Result<store::SandboxRow>> insert_row(store::SandboxRow row, bool pick_name, store::Also also);
  static boost::asio::awaitable<Result<store::SandboxRow>> row_of(std::shared_ptr<Sandbox> sandbox);
  boost::asio::awaitable<void> readopt_all(std::vector<store::SandboxRow> rows);
  struct Unknown {                        // names of directories
    std::vector<std::string> sandboxes, terminals;
    std::size_t known = 0;                // directories that do have a row
  };
  boost::asio::awaitable<Result<Unknown>> unknown_directories();
  boost::asio::awaitable<Result<>> check_home(const Unknown& unknown);
  boost::asio::awaitable<void> set_aside(Unknown unknown);

  Context context_;
  aio::Lanes& lanes_;
  mutable std::mutex mutex_;
  std::unordered_map<SandboxId, std::shared_ptr<Sandbox>> live_;
  std::unordered_map<std::string, std::uint32_t> claims_;  // owner → live and being made
};

}  // namespace berth::sandboxes
