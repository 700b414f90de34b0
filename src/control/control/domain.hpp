#pragma once
// What the parts of control share: dependencies, the index of live terminals, counters. One per service; outlives its parts.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "aio/lanes.hpp"
#include "aio/pool.hpp"
#include "control/service.hpp"
#include "terminals/terminal.hpp"

namespace berth::control {

class TerminalHost;

// Live terminals of all sandboxes, so that an id finds its strand without asking the store. Any thread.
class TerminalIndex {
 public:
  struct Entry {
    std::string owner;
    std::weak_ptr<terminals::Terminal> terminal;
    std::weak_ptr<TerminalHost> host;
  };
  void put(const TerminalId& id, Entry entry) {
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(id, std::move(entry));
  }
  void erase(const TerminalId& id) {
    const std::lock_guard lock(mutex_);
    entries_.erase(id);
  }
  [[nodiscard]] Entry find(const TerminalId& id) const {  // empty pointers when it is not live
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    return found == entries_.end() ? Entry{} : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<TerminalId, Entry> entries_;
};

struct Domain {
  Dependencies parts;
  aio::Pool* pool = nullptr;  // of the service
  aio::Lanes lanes;
  TerminalIndex index;
  std::atomic<std::uint64_t> running{0}, viewers{0};
  std::function<void(const SandboxId&)> remove_soon;  // its last terminal ended, and it was to go then

  explicit Domain(Dependencies dependencies) : parts(std::move(dependencies)), lanes(*parts.runtime) {}
  // What terminals on a lane share; `told` may be empty.
  [[nodiscard]] std::shared_ptr<terminals::Shared> shared_for(const std::shared_ptr<aio::TaskGroup>& lane) const;
};

}  // namespace berth::control
