#pragma once
// Reads a terminal's journal from any offset, while another process appends to it.
//
// Problem: a viewer wants every byte once and in order, from a position that it names, at the speed of the page cache and
// in bounded memory; what the writer has not finished yet must look like the end, and damage must never look like data.
// Owner: any number of cursors per journal; each holds two descriptors and one buffer (read_bytes and one record).
// Thread: one at a time. Blocks for the disk only when pages are not cached.
// Errors: NotFound (no such journal); InvalidArgument (an offset after the end, or before the oldest byte that is kept; the
// message names the range, range() gives it); FailedPrecondition (sealed, and no key); Damaged: a record fails its check, or
// does not follow the one before it, although more follows. Damaged stays until skip_damage() is called; nothing is
// repaired. Unsupported: written by a later version.
// What a limit removed while the cursor read before it is a piece of kind Gap, from its offset to its end, without data.
//
// Example (const std::filesystem::path& dir, const journal::Key& key):
//   TRY_ASSIGN(auto cursor, journal::Cursor::open(dir, ByteOffset{0}, key));
//   for (;;) {
//     TRY_ASSIGN(const auto piece, cursor.next(64 << 10));
//     if (!piece) break;                         // the present end
//     if (piece->kind == journal::Kind::Output) std::string_view bytes = piece->data;
//     if (piece->kind == journal::Kind::Gap) ByteOffset goes_on_at = piece->end;
//   }

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "base/exit.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "journal/format.hpp"
#include "journal/segment.hpp"

namespace berth::journal {

struct Piece {
  Kind kind = Kind::Output;
  ByteOffset offset;      // of the first byte; of the next byte for a kind that has none
  std::string_view data;  // valid until the next call
  WallTime time;
  ByteOffset end;         // of the byte behind it
};

// What was typed (Kind::Input) is private to who typed it: only who asks by name is given it.
enum class Typed : bool { PassOver, Give };

class Cursor {
 public:
  // Bytes before `from` are passed over, also in the middle of a record; what stands exactly at `from` is given.
  static Result<Cursor> open(const std::filesystem::path& dir, ByteOffset from, const Key& key = {}, Typed typed = Typed::PassOver);

  // The next piece, of at most max_bytes of data (other kinds come whole); empty at the present end: ask again later.
  // Kinds that are unknown are passed over. max_bytes is at least 1.
  Result<std::optional<Piece>> next(std::size_t max_bytes);
  // Position of the next byte.
  [[nodiscard]] ByteOffset offset() const { return offset_; }
  // After Damaged: goes on at the next good record and returns its offset; bytes between are lost to this reader.
  Result<ByteOffset> skip_damage();

 private:
  Cursor() = default;
  static Result<Cursor> open_once(const std::filesystem::path& dir, ByteOffset from, const Key& key, Typed typed);
  Result<bool> fetch();           // record_ or gap_ is the next one to give; false at the present end
  Result<bool> enter_first();
  Result<bool> wait_or_damage(SegmentReader::Found found);
  void take(const Record& record);
  [[nodiscard]] bool is_given(const RecordHeader& header) const;
  std::unexpected<Error> damaged();

  std::filesystem::path dir_;
  Key key_;
  Typed typed_ = Typed::PassOver;
  std::optional<SegmentReader> segment_;
  std::optional<Record> record_;  // being given out
  std::size_t given_ = 0;         // bytes of it
  std::optional<ByteOffset> gap_; // where what was removed ends
  ByteOffset expected_;           // of the next record
  ByteOffset offset_;             // of the next byte to give
  bool damaged_ = false;
};

struct Summary {
  ByteOffset begin;             // first offset that is still on disk
  ByteOffset end;
  std::optional<Exit> exit;     // of the process, once it ended
  std::optional<WallTime> exit_time;
};
// Reads the names, and the last segment. NotFound when there is no journal.
Result<Summary> summary(const std::filesystem::path& dir, const Key& key = {});

struct Range { ByteOffset begin, end; };
// The bytes that are kept. The same errors.
Result<Range> range(const std::filesystem::path& dir, const Key& key = {});

}  // namespace berth::journal
