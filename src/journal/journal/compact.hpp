#pragma once
// Makes the compact form (journal/frames.hpp) of segments that nothing is added to any more.
//
// Problem: output shrinks to a tenth, and nobody who reads may notice the moment, nor may a crash at any point of it lose a
// byte. The new form is written beside the segment under another name, waited for on disk, read back and compared, and then
// exchanged with the segment in one step: the name stands for the whole old or the whole new form at any time. What a crash
// left beside is removed by the next call. A segment that is damaged stays as it is, and so does one that would not shrink.
// Removal of the oldest segments may go on meanwhile: what is gone is not made anew.
// Thread: blocks; for a pool, one call per journal at a time. Memory: a frame and its compressed form.
//
// Errors: Damaged; NoSpace; Cancelled; those of reading. After any of them the segment is as it was.
//
// Example (const std::filesystem::path& dir, const journal::Key& key):
//   TRY_ASSIGN(const auto done, journal::compact(dir, key, journal::Last::StillWritten));

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.hpp"
#include "journal/format.hpp"
#include "journal/key.hpp"

namespace berth::journal {

enum class Last {
  StillWritten,  // the last segment is left alone
  Finished,      // it is taken too: the terminal has ended
};

struct Compacted {
  std::uint32_t segments = 0;  // that were replaced
  std::uint64_t before = 0;    // bytes on disk of those
  std::uint64_t after = 0;
};

// Called between the steps, with the step that comes next; false ends it there with Cancelled, and nothing was changed. Tests
// end the process in it.
using CompactStep = std::function<bool(std::string_view next)>;

// Every segment that can be; the first error is returned after all were tried.
Result<Compacted> compact(const std::filesystem::path& dir, const Key& key, Last last, const CompactStep& step = {});

}  // namespace berth::journal
