#pragma once
// Where in a journal a moment stands.
//
// Problem: a person asks for the screen of ten past three, and the journal may have a gigabyte. Segments carry the time of
// their first record, compact ones have a table of times, within a plain one the search halves: a few reads in all.
// Times are the clock's of the machine at the moment of writing. Where that clock was set back the times go back too, and
// the answer is one of the places where they pass the moment.
//
// Errors: those of reading a journal (journal/cursor.hpp). Damage is passed over.
//
// Example (const std::filesystem::path& dir, const journal::Key& key, WallTime time):
//   TRY_ASSIGN(const ByteOffset offset, journal::offset_at(dir, key, time));

#include <filesystem>

#include "base/result.hpp"
#include "base/units.hpp"
#include "journal/key.hpp"

namespace berth::journal {

// The first byte that was written at or after the moment; the oldest that is kept, or the end, when it lies outside.
Result<ByteOffset> offset_at(const std::filesystem::path& dir, const Key& key, WallTime time);

}  // namespace berth::journal
