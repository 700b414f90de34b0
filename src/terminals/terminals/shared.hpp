#pragma once
// What the terminals of one sandbox share. Made once for a sandbox, held by each of them.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "aio/pool.hpp"
#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "journal/key.hpp"
#include "store/store.hpp"
#include "terminals/seats.hpp"

namespace berth::terminals {

struct Settings {
  std::size_t recent_bytes = 256 << 10;      // output kept in memory for viewers that follow; beyond it they read the journal
  std::size_t chunk_bytes = 64 << 10;        // one read of the journal
  std::size_t pending_commands = 1024;       // rows that wait for the store before parsing waits,
  std::size_t pending_bytes = 4 << 20;       // or bytes of their texts
  std::chrono::milliseconds retry{1000};     // after a write that failed
  bool seal = true;                          // new journals are sealed
  bool record_input = false;                 // what is typed is kept while it is echoed (shim/terminal_io.hpp)
  std::uint64_t journal_bytes = 0;           // most bytes on disk of one journal; 0: no limit
  std::uint64_t checkpoint_bytes = 0;        // leave a checkpoint when a screen took so much output; 0: none
  std::chrono::milliseconds screen{5000};    // longest computation of one
  std::chrono::milliseconds resize_pause{50};  // between two sizes that follow from windows: somebody drags an edge
  std::uint64_t viewer_window_bytes = 1 << 20;  // most output that a viewer was sent and did not acknowledge
  std::uint64_t viewer_lag_bytes = 4 << 20;  // a slow viewer that is further behind is moved forward
  std::chrono::milliseconds seat_grace{30'000};  // a writer that was lost finds its seat again
  Seats::SizeBy size_by = Seats::SizeBy::Writer;
};

struct Shared {
  boost::asio::any_io_executor executor;     // the sandbox's strand
  store::Store* store = nullptr;             // outlives every terminal
  const Clock* clock = nullptr;
  std::filesystem::path journals;            // $BERTH_HOME/terminals
  const crypto::MachineKeys* machine_keys = nullptr;  // outlives every terminal; null: no journal is sealed
  aio::Pool* pool = nullptr;                 // for what reads and computes long; null: done in place
  Settings settings;
  std::function<void(boost::asio::awaitable<void>)> spawn;   // into the owner's task group, on `executor`
  std::function<void(const Error&, const TerminalId&)> report;  // for the log
  std::function<void(const TerminalId&)> told;  // a terminal ended, and its rows were tried; may be empty

  [[nodiscard]] std::filesystem::path journal(const TerminalId& id) const { return journals / id.str(); }
  // For reading it; empty when it is not sealed. Read from the disk each time: nobody holds a key longer than it is used.
  [[nodiscard]] Result<journal::Key> journal_key(const TerminalId& id) const {
    if (machine_keys == nullptr) return journal::Key();
    return journal::load_key(journal(id), *machine_keys);
  }
};

}  // namespace berth::terminals
