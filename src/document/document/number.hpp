#pragma once
// Private to document: numbers between text and double, exactly.

#include <optional>
#include <string>
#include <string_view>

namespace berth::document {

// Of a number as JSON writes it: the double that says the same when it is written again in the shortest form; nothing when
// there is none (too many digits, too large, too small).
[[nodiscard]] std::optional<double> exact_number(std::string_view text);

}  // namespace berth::document
