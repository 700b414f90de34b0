#pragma once
// A terminal's journal on disk, versions 1 and 2: every byte that its process wrote, in order, and what happened beside it.
//
// The directory `terminals/<terminal id>/` (0700) holds segments (0600) named "<sequence>-<first offset>.journal", 8 and
// 20 decimal digits, so that names sort as the bytes do. A segment is a header, then records. Numbers are little-endian.
// Offsets count the bytes of `output` and `error` records together; other records stand between bytes and carry the offset
// of the next one. A terminal's first segment begins at 0. A segment that is neither sealed nor compact is of version 1.
//
//   segment   magic "BERTHJNL" 8 | version u32 | header bytes u32 | flags u32 | algorithm u32 | terminal id 32, zero padded |
//             first offset u64 | created ns i64 | version 2: salt 16 | link 16 |
//             checksum u64 (XXH3-64 of all before it); 80 bytes in version 1, where flags and algorithm are 0; 112 in 2
//             flags: 1 compact. algorithm: of crypto/aead.hpp, 0 when the segment is not sealed
//   record    checksum u64 | payload bytes u32 | kind u8 | flags u8 | zero u16 | offset u64 | time ns i64 | payload
//             flags: 1 sealed
//   sealed    counter u64 | link 16 | encrypted payload | tag 16: what stands in the place of a sealed record's payload
//
// A record's checksum is XXH3-64 of the stored payload, seeded with XXH3-64 of the header after the checksum, itself seeded
// with the segment's checksum: output that imitates a record is never taken for one, since the creation time and the id are
// in the seed. A reader skips kinds that it does not know; a record with a flag that it does not know is Unsupported.
//
// Sealed: the segment's key is derived from the journal's data key and the whole header, so that no header fits another
// journal, another place or another segment's records. A record is encrypted with its counter as nonce, which grows with
// each attempt to write and so never repeats under a key; associated are its header after the checksum, the counter and the
// link. The link is the tag of the record before it, across segments too (a header's link, for its first record): a record
// that was moved, swapped or cut out is noticed at the one that follows, a removed end of a segment by the next segment.
//
// A torn tail (a record cut short, or zeros after a power loss) ends the journal; the writer cuts it off when it opens.
// Compact segments: journal/frames.hpp. The wrapped data key stands beside the segments: journal/key.hpp.
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
  Gap = 0,     // never stored: bytes that were removed to keep within a limit, as readers are told
  Output = 1,  // bytes of a PTY, or of stdout
  Error = 2,   // bytes of stderr; pipes only
  Resize = 3,  // cols u16, rows u16
  Exit = 4,    // code i32, signal i32 (not 0: killed by it); nothing but notes follows
  Note = 5,    // text for people: what was lost and why
  Input = 6,   // bytes that were written to a PTY while it echoed, where that is asked for; readers before it pass over it
};

// Whether the payload counts in offsets.
[[nodiscard]] constexpr bool is_bytes(Kind kind) { return kind == Kind::Output || kind == Kind::Error; }

[[nodiscard]] constexpr bool is_known(Kind kind) { return kind >= Kind::Output && kind <= Kind::Input; }

inline constexpr std::size_t segment_header_bytes = 80;       // version 1
inline constexpr std::size_t long_segment_header_bytes = 112;  // version 2
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t max_payload_bytes = 64 << 10;    // before sealing
inline constexpr std::uint8_t sealed_flag = 1;

using Tag = std::array<char, 16>;
inline constexpr std::size_t seal_head_bytes = 8 + sizeof(Tag);
inline constexpr std::size_t seal_overhead_bytes = seal_head_bytes + sizeof(Tag);

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
  bool compact = false;
  std::uint32_t algorithm = 0;  // 0: not sealed
  Tag salt{};                   // random; of version 2
  Tag link{};                   // tag of the last record before this segment
  std::uint64_t seed = 0;       // the checksum; filled in by encode and decode, as the next
  std::size_t bytes = segment_header_bytes;
  [[nodiscard]] bool sealed() const { return algorithm != 0; }
};
[[nodiscard]] std::string encode(SegmentHeader& header);
// Of a file's first bytes, long_segment_header_bytes or as many as there are. Empty: the file ends within the header.
[[nodiscard]] Result<std::optional<SegmentHeader>> decode_segment(std::string_view bytes);

struct RecordHeader {
  std::uint64_t checksum = 0;
  std::uint32_t payload_bytes = 0;
  Kind kind = Kind::Output;
  std::uint8_t flags = 0;
  ByteOffset offset;
  std::int64_t time_ns = 0;
};
using RecordHeaderBytes = std::array<char, record_header_bytes>;
// With the payload's size, and a checksum of 0.
[[nodiscard]] RecordHeaderBytes encode_unchecked(const RecordHeader& header, std::size_t payload_bytes);
void put_checksum(char* header, std::string_view payload, std::uint64_t seed);
// Both: a record that is not sealed.
[[nodiscard]] RecordHeaderBytes encode(const RecordHeader& header, std::string_view payload, std::uint64_t seed);
// Empty when the bytes cannot be a header, whatever follows.
[[nodiscard]] std::optional<RecordHeader> decode_record(std::string_view bytes);
[[nodiscard]] std::uint64_t checksum_of(std::string_view bytes, std::uint64_t seed);
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
