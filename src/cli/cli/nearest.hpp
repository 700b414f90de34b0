#pragma once
// What somebody probably meant: the known word within two edits (a third of its length at most), "" when none is.

#include <string>
#include <string_view>
#include <vector>

namespace berth::cli {

[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace berth::cli
