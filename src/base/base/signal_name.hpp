#pragma once
// Signals as people write them: "INT", "SIGINT", "sigint", "2". Numbers are Linux's, 1 to 64. Pure.
//
// Errors: InvalidArgument, with the names as hint.
//
// Example:
//   TRY_ASSIGN(const int number, signal_number("SIGTERM"));

#include <string_view>

#include "base/result.hpp"

namespace berth {

[[nodiscard]] Result<int> signal_number(std::string_view name);

}  // namespace berth
