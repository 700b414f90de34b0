#pragma once
// What the terminals of one sandbox share. Made once for a sandbox, held by each of them.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>

#include "base/clock.hpp"
#include "store/store.hpp"

namespace berth::terminals {

struct Settings {
  std::size_t recent_bytes = 256 << 10;      // output kept in memory for viewers that follow; beyond it they read the journal
  std::size_t chunk_bytes = 64 << 10;        // one read of the journal
  std::size_t pending_commands = 1024;       // rows that wait for the store before parsing waits
  std::chrono::milliseconds retry{1000};     // after a write that failed
};

struct Shared {
  boost::asio::any_io_executor executor;     // the sandbox's strand
  store::Store* store = nullptr;             // outlives every terminal
  const Clock* clock = nullptr;
  std::filesystem::path journals;            // $BERTH_HOME/terminals
  Settings settings;
  std::function<void(boost::asio::awaitable<void>)> spawn;   // into the owner's task group, on `executor`
  std::function<void(const Error&, const TerminalId&)> report;  // for the log
  std::function<void(const TerminalId&)> told;  // a terminal ended, and its rows were tried; may be empty
};

}  // namespace berth::terminals
