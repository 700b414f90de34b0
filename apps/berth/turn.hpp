#pragma once
// One turn of a server: from opening the store until it is told to stop, or until a server that takes its place has come and
// everything is let go. Sockets and lock outlive it, so that a turn that a failed successor ended is followed by another.

#include <functional>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "log/log.hpp"
#include "takeover/takeover.hpp"

namespace berth {

struct TurnOptions {
  std::filesystem::path home, shim, init;
  config::Config config;
  log::Logger log;
  const takeover::Sockets* sockets = nullptr;
  enum class Accept { AtOnce, WhenReady } accept = Accept::AtOnce;  // AtOnce answers that it is starting
  std::function<void()> ready;                  // it serves
};

struct TurnEnd {
  std::optional<takeover::Successor> successor;  // absent: it was told to stop
  std::vector<takeover::Idle> idle;             // for the successor, or for the next turn
};

// `idle`: clients that an earlier server, or turn, left between two requests.
Result<TurnEnd> take_turn(const TurnOptions& options, std::vector<takeover::Idle> idle);

}  // namespace berth
