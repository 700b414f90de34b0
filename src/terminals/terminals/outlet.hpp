#pragma once
// The way from a terminal to the shim of its sandbox. Implemented over a link; replaced when the link is.
// Used on the sandbox's strand. send() waits while the connection's queue is full; Unavailable when the shim is away.

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "wire/shim.pb.h"

namespace berth::terminals {

class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual boost::asio::awaitable<Result<>> send(wire::ToShim frame) = 0;
};

}  // namespace berth::terminals
