#pragma once
// What a session is called and said to be: the rules, and the form by which titles are sorted and searched.
// Pure. Errors: InvalidArgument that names the field.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace berth::sessions {

[[nodiscard]] Result<> check_title(std::string_view title);              // 1 to 50 characters, no control characters
[[nodiscard]] Result<> check_description(std::string_view description);  // up to 250 characters; lines are fine
[[nodiscard]] Result<> check_tags(const std::vector<std::string>& tags); // up to 20 of 1 to 50 characters, none twice
[[nodiscard]] Result<> check_client(std::string_view name);              // of who writes: up to 100 characters

// Small letters for Latin, Greek and Cyrillic ones: "Ärger" is beside "ärger".
[[nodiscard]] std::string title_key(std::string_view title);

}  // namespace berth::sessions
