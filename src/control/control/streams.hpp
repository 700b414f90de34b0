#pragma once
// What is read piece by piece, so that its length does not matter. Whoever holds it may stop at any time.
//
// Example (std::shared_ptr<control::PieceStream> stream):
//   for (;;) {
//     CO_TRY_ASSIGN(const auto piece, co_await stream->next());
//     if (!piece) co_return Result<>{};
//   }

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace berth::control {

class PieceStream {
 public:
  virtual ~PieceStream() = default;
  virtual boost::asio::awaitable<Result<std::optional<std::string>>> next() = 0;  // empty: that was all
};

}  // namespace berth::control
