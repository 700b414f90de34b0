#pragma once
// The one form of a tar member that a bundle has: a regular file of root's, mode 0644, in the ustar form.
//
// A reader knows from the manifest which member must come next, so it compares the header's bytes with the ones that the
// writer would write: no link, no other type, no path and no second meaning of a field can be in it. A size of 8 GiB and more is
// in base 256, as GNU tar and libarchive write and read it. Private to bundle. Pure.
//
// Source: POSIX.1-2017 pax, "ustar Interchange Format".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace berth::bundle {

inline constexpr std::size_t tar_block = 512;

[[nodiscard]] std::string tar_header(std::string_view name, std::uint64_t bytes, WallTime time);  // name: up to 100 bytes
// Zeros behind that many bytes, up to a whole block.
[[nodiscard]] constexpr std::size_t tar_padding(std::uint64_t bytes) { return (tar_block - bytes % tar_block) % tar_block; }

// What a header says, for a reader that does not know it yet, and for its errors. Empty: it is none.
struct TarMember {
  std::string name;
  char type = '0';
  std::uint64_t bytes = 0;
  WallTime time{};
};
[[nodiscard]] std::optional<TarMember> read_tar_header(std::string_view block);

}  // namespace berth::bundle
