#pragma once
// A style as the parameters of SGR that set it after a reset: "0;1;38;2;1;2;3". Neither link nor protection: these have
// sequences of their own. Pure.

#include <string>

#include "vt/style.hpp"

namespace berth::vt {

[[nodiscard]] std::string sgr_of(const Style& style);

}  // namespace berth::vt
