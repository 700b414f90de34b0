#pragma once
// One segment of a journal, read record by record from the page cache: what Writer, Cursor and all other readers share.
// Plain or compact, sealed or not: the caller sees records.
//
// Owner: one descriptor and, while there is something to read, one buffer of at most read_bytes (a whole record if that is
// larger), and one of a record or frame that was opened. Thread: one. Another process may append meanwhile, and may replace
// the file by its compact form: a reader goes on with the file that it opened. Errors come from the system, Damaged for a
// segment header that fails its check, Unsupported for a later version, FailedPrecondition for a sealed one without a key.
// A position is that of a record among the segment's bytes, for a compact one among the bytes of its frames.
//
// Example (const std::filesystem::path& dir, const journal::SegmentName& name, const journal::Key& key):
//   TRY_ASSIGN(auto reader, journal::SegmentReader::open(dir, name, key));
//   for (bool more = reader.has_value(); more; reader->advance()) {
//     TRY_ASSIGN(const auto found, reader->look());
//     more = found == journal::SegmentReader::Found::Record;
//   }

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "journal/format.hpp"
#include "journal/frames.hpp"
#include "journal/key.hpp"
#include "journal/seal.hpp"

namespace berth::journal {

inline constexpr std::size_t read_bytes = 256 << 10;

struct Record {
  RecordHeader header;       // payload_bytes: of the payload as it was written, flags: 0
  std::string_view payload;  // valid until the reader is used again
  [[nodiscard]] ByteOffset end() const { return header.offset + (is_bytes(header.kind) ? header.payload_bytes : 0); }
};

class SegmentReader {
 public:
  enum class Found {
    Record,
    End,        // the file ends here
    Torn,       // the file ends within a record
    Bad,        // a record is complete and fails its check
    Misplaced,  // a record is good, and another one stood before it; forget_link() lets it pass
  };

  // Empty: the file is shorter than a segment header, as one that is just being made.
  static Result<std::optional<SegmentReader>> open(const std::filesystem::path& dir, const SegmentName& name,
                                                   const Key& key = {});
  // The same for a file that has another name for now.
  static Result<std::optional<SegmentReader>> open_file(const std::filesystem::path& path, const SegmentName& name,
                                                        const Key& key);

  [[nodiscard]] const SegmentName& name() const { return name_; }
  [[nodiscard]] const SegmentHeader& header() const { return header_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] const Record& record() const { return record_; }
  // Tag of the record before the position; empty when it is not known, as after a record that could not be read.
  [[nodiscard]] std::optional<Tag> link() const;

  // Looks at the record at the position; record() is it.
  Result<Found> look();
  void advance();
  // Moves to the next record behind the position that is good and not before `least`; false: none, nothing moved.
  Result<bool> resync(ByteOffset least);
  Result<bool> good_record_follows(ByteOffset least);  // the same without moving
  void forget_link() { link_.reset(); }                // what was before the position is lost: any record may follow
  // Moves close before the first record for which `before` is false, reading little: `before` is true for the records up
  // to some point and false behind it. Leaves the position where it is when that is close already.
  Result<> seek(const std::function<bool(ByteOffset first, std::int64_t time_ns)>& before);
  void release_buffer();

 private:
  SegmentReader() = default;
  Result<Found> look_at(std::uint64_t position);
  Result<Found> frame_record_at(std::uint64_t position);
  Result<bool> resync_frames(ByteOffset least);
  Result<std::string_view> bytes_at(std::uint64_t position, std::size_t wanted);  // shorter at the end of the file

  UniqueFd file_;
  SegmentName name_;
  SegmentHeader header_;
  std::unique_ptr<Seal> seal_;     // null: not sealed
  std::optional<Frames> frames_;   // compact
  Record record_;
  std::uint64_t stored_bytes_ = 0; // of record_, header included
  Tag tag_{};                      // of record_
  std::optional<Tag> record_link_; // of record_, as it names it
  std::optional<Tag> link_;        // of the record before the position
  std::uint64_t position_ = 0;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t start_ = 0;  // file position of the buffer's first byte
  std::size_t have_ = 0;
};

// In order of their sequence. NotFound when the directory is absent.
Result<std::vector<SegmentName>> list_segments(const std::filesystem::path& dir);

}  // namespace berth::journal
