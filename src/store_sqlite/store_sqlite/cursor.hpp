#pragma once
// Private to store_sqlite: a page's cursor. 26 characters that mean nothing to a client: which list it is of, and the
// key of the last row that was given. One of another list, or made up, is InvalidArgument.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::store_sqlite {

enum class List : std::uint8_t { Sandboxes = 1, Commands = 2, TerminalCommands = 3, Jobs = 4 };

[[nodiscard]] std::string encode_cursor(List list, std::int64_t key);
[[nodiscard]] Result<std::int64_t> decode_cursor(List list, std::string_view cursor);  // "" is the largest key

}  // namespace berth::store_sqlite
