#pragma once
// Who keeps the terminals of one sandbox, one level up: is told what the sandbox's shim says. On the sandbox's strand.
// restore() comes first, and only for a sandbox of an earlier server; attached() at the start and after every reconnect,
// before any frame of that connection; ended() once, last.
//
// Example (sandboxes::Keeper& keeper, std::shared_ptr<link::Link> link, wire::Welcome welcome):
//   CO_TRY(co_await keeper.restore());
//   keeper.attached(link, welcome);
//   co_await keeper.ended("The sandbox was stopped.");

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

#include "base/result.hpp"
#include "link/link.hpp"
#include "wire/shim.pb.h"

namespace berth::sandboxes {

class Keeper {
 public:
  virtual ~Keeper() = default;
  virtual boost::asio::awaitable<Result<>> restore() = 0;
  virtual void attached(std::shared_ptr<link::Link> link, const wire::Welcome& welcome) = 0;
  virtual void frame(wire::FromShim frame) = 0;
  virtual boost::asio::awaitable<void> ended(std::string reason) = 0;  // returns when the rows were tried
};

}  // namespace berth::sandboxes
