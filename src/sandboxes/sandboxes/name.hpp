#pragma once
// Names of sandboxes: [a-z0-9][a-z0-9-]{0,62}, so that each is also a host name. None looks like an id (they
// have a "_"), so that the API can take either.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::sandboxes {

[[nodiscard]] Result<> check_name(std::string_view name);

// "quiet-otter". The first byte picks the adjective, the second the animal; with two more bytes a number follows, for when
// the short ones are taken.
[[nodiscard]] std::string readable_name(std::span<const std::byte> random);

}  // namespace berth::sandboxes
