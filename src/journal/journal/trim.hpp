#pragma once
// Keeps a journal within its limit: the oldest segments go first, the newest one never.
//
// Readers are told of it as a gap (journal/cursor.hpp), an offset in it is InvalidArgument with what is kept. The size is that of
// the files, so what was compacted counts as little as it takes. What was said first, the output of the first command for
// one, is therefore the first to go. Safe beside a writer, readers, compaction and another trim of the same journal.
//
// Errors: from the system; NotFound when there is no journal.

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::journal {

struct Trimmed {
  ByteOffset begin;                // the oldest byte that is kept
  std::uint64_t disk_bytes = 0;    // of what is kept
  std::uint64_t removed_bytes = 0; // of files
};
// max_bytes of 0: no limit, only looks.
Result<Trimmed> trim(const std::filesystem::path& dir, std::uint64_t max_bytes);

}  // namespace berth::journal
