#pragma once
// What faults.cpp writes down of each call that changed something below the directory, in the order in which they took effect:
// a Head, then `name_bytes` of a path below it, `other_bytes` of a second one, and `data_bytes` that were written.

#include <cstdint>

namespace berth::faults {

enum class Op : std::uint32_t { Create, Directory, Write, Truncate, Sync, Rename, Link, Unlink, RemoveDirectory };

struct Head {
  Op op;
  std::uint32_t name_bytes = 0, other_bytes = 0;
  std::uint64_t data_bytes = 0;
  std::uint64_t inode = 0;   // of what is written, truncated, synced or created; used anew by a later Create
  std::uint64_t offset = 0;  // of a write; the size of a truncation
};

}  // namespace berth::faults
