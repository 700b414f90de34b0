#pragma once
// A page's cursor as text: the position, bound to owner and list by a signature, so that one which is made up or of another
// list is refused. Private to sessions. Errors: InvalidArgument.

#include <optional>
#include <string>
#include <string_view>

#include "sessions/vault.hpp"
#include "store/session.hpp"

namespace berth::sessions {

[[nodiscard]] std::string encode_cursor(const Vault& vault, const store::SessionFilter& filter, const store::SessionPosition& at);
// "" is the first page.
[[nodiscard]] Result<std::optional<store::SessionPosition>> decode_cursor(const Vault& vault, const store::SessionFilter& filter,
                                                                          std::string_view cursor);

}  // namespace berth::sessions
