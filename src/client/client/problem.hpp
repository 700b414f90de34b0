#pragma once
// An answer that is not a success, as an Error. Servers say RFC 9457 problem documents; a proxy in between may say
// anything, which becomes a sentence with the status and the code that fits it.

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace berth::client {

[[nodiscard]] Error error_from_answer(unsigned status, std::string_view body);
// "not_found" → NotFound; unknown names are Internal.
[[nodiscard]] Code code_from_text(std::string_view text);

}  // namespace berth::client
