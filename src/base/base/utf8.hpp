#pragma once
// Text that somebody else chose (file names, commands, output), made fit for JSON: UTF-8 as the Unicode standard allows
// it (table 3-7). Pure functions of untrusted bytes.

#include <string>
#include <string_view>

namespace berth {

[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] std::string to_utf8(std::string_view text);  // each maximal wrong part becomes U+FFFD

}  // namespace berth
