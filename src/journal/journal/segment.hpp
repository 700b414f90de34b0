#pragma once
// One segment of a journal, read record by record from the page cache: what Writer and Cursor share.
//
// Owner: one descriptor and, while there is something to read, one buffer of at most read_bytes (a whole record if that is
// larger). Thread: one. Another process may append meanwhile. Errors come from the system, Damaged for a segment header
// that fails its check, Unsupported for a later version.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "journal/format.hpp"

namespace berth::journal {

inline constexpr std::size_t read_bytes = 256 << 10;

struct Record {
  RecordHeader header;
  std::string_view payload;  // valid until the reader is used again
  [[nodiscard]] ByteOffset end() const { return header.offset + (is_bytes(header.kind) ? header.payload_bytes : 0); }
};

class SegmentReader {
 public:
  enum class Found {
    Record,
    End,   // the file ends here
    Torn,  // the file ends within a record
    Bad,   // a record is complete and fails its check
  };

  // Empty: the file is shorter than a segment header, as one that is just being made.
  static Result<std::optional<SegmentReader>> open(const std::filesystem::path& dir, const SegmentName& name);

  [[nodiscard]] const SegmentName& name() const { return name_; }
  [[nodiscard]] const SegmentHeader& header() const { return header_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }  // in the file
  [[nodiscard]] const Record& record() const { return record_; }

  // Looks at the record at the position; record() is it.
  Result<Found> look();
  void advance() { position_ += record_header_bytes + record_.payload.size(); }
  // Moves to the next record behind the position that is good and not before `least`; false: none, nothing moved.
  Result<bool> resync(ByteOffset least);
  Result<bool> good_record_follows(ByteOffset least);  // the same without moving
  void release_buffer() { buffer_.reset(); capacity_ = 0; have_ = 0; }

 private:
  SegmentReader() = default;
  Result<Found> look_at(std::uint64_t position);
  Result<std::string_view> bytes_at(std::uint64_t position, std::size_t wanted);  // shorter at the end of the file

  UniqueFd file_;
  SegmentName name_;
  SegmentHeader header_;
  Record record_;
  std::uint64_t position_ = segment_header_bytes;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t start_ = 0;  // file position of the buffer's first byte
  std::size_t have_ = 0;
};

// In order of their sequence. NotFound when the directory is absent.
Result<std::vector<SegmentName>> list_segments(const std::filesystem::path& dir);

}  // namespace berth::journal
