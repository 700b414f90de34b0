#pragma once
// A terminal's journal on disk, version 1: every byte that its process wrote, in order, and what happened beside it.
//
// The directory `terminals/<terminal id>/` (0700) holds segments (0600) named "<sequence>-<first offset>.journal", 8 and
// 20 decimal digits, so that names sort as the bytes do. A segment is a header of 80 bytes, then records. Numbers are
// little-endian. Offsets count the bytes of `output` and `error` records together; other records stand between bytes and
// carry the offset of the next one. A terminal's first segment begins at 0.
//
//   segment   magic "BERTHJNL" 8 | version u32 | header bytes u32 | flags u32 | zero u32 | terminal id 32, zero padded |
//             first offset u64 | created ns i64 | checksum u64 (XXH3-64 of all before it)
//   record    checksum u64 | payload bytes u32 | kind u8 | flags u8 | zero u16 | offset u64 | time ns i64 | payload
//
// A record's checksum is XXH3-64 of the payload, seeded with XXH3-64 of the header after the checksum, itself seeded with
// the segment's checksum: output that imitates a record is never taken for one, since the creation time and the id are in
// the seed. A reader skips kinds that it does not know. Flags are 0: they are kept for compression and encryption of one
// record, and a record with a flag that a reader does not know is Unsupported, not Damaged.
//
// A torn tail (a record cut short, or zeros after a power loss) ends the journal; the writer cuts it off when it opens.
//
// Source: XXH3 of xxHash 0.8, BSD-2-Clause, header only.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::journal {

enum class Kind : std::uint8_t {
  Output = 1,  // bytes of a PTY, or of stdout
  Error = 2,   // bytes of stderr; pipes only
  Resize = 3,  // cols u16, rows u16
  Exit = 4,    // code i32, signal i32 (not 0: killed by it); nothing but notes follows
  Note = 5,    // text for people: what was lost and why
};

// Whether the payload counts in offsets.
[[nodiscard]] constexpr bool is_bytes(Kind kind) { return kind == Kind::Output || kind == Kind::Error; }

[[nodiscard]] constexpr bool is_known(Kind kind) { return kind >= Kind::Output && kind <= Kind::Note; }

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::size_t segment_header_bytes = 80;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t max_payload_bytes = 64 << 10;

struct SegmentName {
  std::uint32_t sequence = 0;
  ByteOffset first;
  bool operator==(const SegmentName&) const = default;
};
[[nodiscard]] std::string to_string(const SegmentName& name);
[[nodiscard]] std::optional<SegmentName> parse_segment_name(std::string_view name);

struct SegmentHeader {
  std::string terminal_id;  // at most 32 characters
  ByteOffset first;
  std::int64_t created_ns = 0;
  std::uint64_t seed = 0;   // the checksum; filled in by encode and decode
};
[[nodiscard]] std::string encode(SegmentHeader& header);
[[nodiscard]] Result<SegmentHeader> decode_segment(std::string_view bytes);  // segment_header_bytes of them

struct RecordHeader {
  std::uint64_t checksum = 0;
  std::uint32_t payload_bytes = 0;
  Kind kind = Kind::Output;
  std::uint8_t flags = 0;
  ByteOffset offset;
  std::int64_t time_ns = 0;
};
using RecordHeaderBytes = std::array<char, record_header_bytes>;
// Fills in the checksum over header and payload.
[[nodiscard]] RecordHeaderBytes encode(RecordHeader header, std::string_view payload, std::uint64_t seed);
// Empty when the bytes cannot be a header, whatever follows.
[[nodiscard]] std::optional<RecordHeader> decode_record(std::string_view bytes);
[[nodiscard]] bool checksum_holds(std::string_view header, std::string_view payload, std::uint64_t seed);

[[nodiscard]] std::string encode_resize(TerminalSize size);
[[nodiscard]] std::optional<TerminalSize> decode_resize(std::string_view payload);

struct ExitPayload {
  std::int32_t code = 0;
  std::int32_t signal = 0;
  bool operator==(const ExitPayload&) const = default;
};
[[nodiscard]] std::string encode_exit(ExitPayload exit);
[[nodiscard]] std::optional<ExitPayload> decode_exit(std::string_view payload);

}  // namespace berth::journal
