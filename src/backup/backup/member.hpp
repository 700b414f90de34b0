#pragma once
// A file, directory or link of a home as a member of a tar archive. Private to backup. Pure.
//
// Problem: a backup must be readable without Berth (`tar --zstd -xf`), and a reader must accept one form only: what it decodes
// and encodes again is the same bytes. So: ustar, with a pax header before it where a path or a link's target has more than 100
// bytes; a size of 8 GiB and more in base 256. Devices, pipes and sockets have no form.
// Errors of decode: Damaged (no header of ours; a path that is empty, absolute, has "." or ".." or an empty piece, or a NUL).
//
// Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header".
//
// Example (std::string_view head):
//   const std::string bytes = backup::encode({.path = "config.yaml", .bytes = 12});
//   TRY_ASSIGN(const auto size, backup::header_bytes(std::string_view(bytes).substr(0, 512)));  // 512, or more with a pax header
//   TRY_ASSIGN(const backup::Member member, backup::decode(head.substr(0, size)));

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::backup {

inline constexpr std::size_t block_bytes = 512;
inline constexpr std::size_t most_path_bytes = 4096;

enum class Kind : char { File = '0', Link = '2', Directory = '5' };

struct Member {
  std::string path;                      // relative to the home
  Kind kind = Kind::File;
  std::uint32_t mode = 0600, uid = 0, gid = 0;
  std::int64_t modified = 0;             // seconds since 1970, from 0 on
  std::uint64_t bytes = 0;               // of a file
  std::string target;                    // of a link
  bool operator==(const Member&) const = default;
};

[[nodiscard]] std::string encode(const Member& member);                   // whole blocks
[[nodiscard]] Result<std::size_t> header_bytes(std::string_view block);   // of the encoded member that begins with this block
[[nodiscard]] Result<Member> decode(std::string_view head);               // all of these
[[nodiscard]] constexpr std::size_t padding(std::uint64_t bytes) { return (block_bytes - bytes % block_bytes) % block_bytes; }
[[nodiscard]] bool is_path(std::string_view path);

}  // namespace berth::backup
