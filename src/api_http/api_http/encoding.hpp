#pragma once
// The small text forms of the API: percent encoding (RFC 3986 section 2.1), base64 (RFC 4648 section 4) and times (RFC
// 3339, UTC, nanoseconds). Pure functions of untrusted bytes.

#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace berth::api_http {

enum class Plus { Literal, Space };  // in a query "+" is a space, as forms send it

// Nothing when an escape is broken or is %00.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, Plus plus);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);  // padded, nothing else in between
[[nodiscard]] std::string rfc3339(WallTime time);

}  // namespace berth::api_http
