#pragma once
// The compact form of a finished segment: its records in frames of zstd that are read alone, and a table of them.
//
// Problem: terminal output shrinks to a tenth, and any offset of it must still be found without reading what is before it.
// A compact segment is whole when it gets its name, so it has no torn tail. A frame holds whole records as the plain form
// does, unsealed, with a checksum of 0 since the frame has one; it is closed once it has frame_bytes.
//
//   segment   header (compact flag, salt of its own) | frames | table | end
//   frame     checksum u64 (XXH3-64 of the rest, seeded with the segment's) | stored bytes u32 | raw bytes u32 | index u32 |
//             records u32 | first offset u64 | first time ns i64 | stored: zstd, or zstd encrypted and a tag 16
//   table     per frame: position u64 | stored bytes u32 | raw bytes u32 | first offset u64 | first time ns i64; then tag of
//             the segment's last record 16 | end offset u64 | last time ns i64; encrypted and a tag 16 when sealed
//   end       checksum u64 (of what follows and the table) | table bytes u32 | frames u32 | magic "BERTHEND"
//
// Sealed, a frame's nonce is 1 + its index and its associated data the header behind the checksum; the table's nonce is 0.
// A frame that fails its check loses itself alone; without a good table the frames are found by their headers.
//
// Owner: the table, and one frame that was opened last. Thread: one. Source: zstd 1.5, RFC 8878.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "journal/format.hpp"
#include "journal/seal.hpp"

namespace berth::journal {

inline constexpr std::size_t frame_bytes = 128 << 10;
inline constexpr std::size_t max_frame_bytes = frame_bytes + record_header_bytes + max_payload_bytes;

struct Frame {
  std::uint64_t position = 0;  // in the file
  std::uint64_t at = 0;        // of its first record, among the raw bytes of all frames
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;
  ByteOffset first;
  std::int64_t time_ns = 0;
  [[nodiscard]] std::uint64_t end() const { return at + raw_bytes; }
};

struct FrameEnd {
  Tag tag{};  // of the plain form's last record
  ByteOffset end;
  std::int64_t time_ns = 0;
};

class Frames {
 public:
  // `fd` and `seal` (null: not sealed) stay the caller's and outlive the object.
  static Result<Frames> open(int fd, const SegmentHeader& header, const Seal* seal);

  [[nodiscard]] const std::vector<Frame>& list() const { return list_; }
  [[nodiscard]] const std::optional<FrameEnd>& end() const { return end_; }  // empty: the table is damaged
  [[nodiscard]] std::uint64_t raw_bytes() const { return list_.empty() ? 0 : list_.back().end(); }
  // The frame that holds this raw position; list().size() at the end.
  [[nodiscard]] std::size_t index_at(std::uint64_t raw) const;
  // Its records; empty when it fails its check. Valid until the next call.
  Result<std::optional<std::string_view>> load(int fd, const Seal* seal, std::size_t index);
  void release();

 private:
  Frames() = default;
  Result<bool> read_table(int fd, const Seal* seal, std::uint64_t size);
  Result<> find_frames(int fd, std::uint64_t size);

  SegmentHeader header_;
  std::vector<Frame> list_;
  std::optional<FrameEnd> end_;
  std::size_t loaded_ = SIZE_MAX;
  std::string stored_, opened_;
  std::unique_ptr<char[]> raw_;
};

// Makes the bytes of the compact form: header(), then add() for each record, then finish().
class FrameBuilder {
 public:
  // `header` is completed: compact, with a salt of its own. An empty key: not sealed.
  static Result<FrameBuilder> open(SegmentHeader header, const Key& key);
  FrameBuilder(FrameBuilder&&) noexcept;
  FrameBuilder& operator=(FrameBuilder&&) noexcept;
  ~FrameBuilder();

  [[nodiscard]] const std::string& header() const { return header_bytes_; }
  // Bytes to write next; empty while a frame fills.
  std::string_view add(const RecordHeader& record, std::string_view payload);
  // The last frame, the table and the end.
  std::string finish(const FrameEnd& end);

 private:
  struct Context;
  FrameBuilder();
  std::string_view close_frame();

  SegmentHeader header_;
  std::string header_bytes_;
  std::optional<Seal> seal_;
  std::unique_ptr<Context> context_;
  std::vector<Frame> list_;
  std::string raw_, packed_, out_;
  std::uint32_t records_ = 0;
  RecordHeader first_;
  std::uint64_t position_ = 0;
};

}  // namespace berth::journal
