#include "journal/format.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.hpp"

namespace berth::journal {
namespace {

constexpr std::string_view magic = "BERTHJNL";
constexpr std::size_t id_at = 24;
constexpr std::size_t id_bytes = 32;
constexpr std::uint32_t compact_flag = 1;
constexpr std::size_t salt_at = 72, link_at = 88;
constexpr std::string_view name_suffix = ".journal";

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian and copied as they are");

template <class T>
void store(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint64_t record_checksum(const char* header, std::string_view payload, std::uint64_t seed) {
  const std::uint64_t head = XXH3_64bits_withSeed(header + 8, record_header_bytes - 8, seed);
  return XXH3_64bits_withSeed(payload.data(), payload.size(), head);
}

template <class T>
bool parse_digits(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && text.front() != '-';
}

}  // namespace

std::string to_string(const SegmentName& name) {
  return fmt::format("{:08}-{:020}{}", name.sequence, name.first.value, name_suffix);
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  if (name.size() != 8 + 1 + 20 + name_suffix.size() || name[8] != '-' || !name.ends_with(name_suffix)) return std::nullopt;
  SegmentName parsed;
  if (!parse_digits(name.substr(0, 8), parsed.sequence) || !parse_digits(name.substr(9, 20), parsed.first.value))
    return std::nullopt;
  return parsed;
}

std::string encode(SegmentHeader& header) {
  BERTH_CHECK(header.terminal_id.size() <= id_bytes);
  const bool plain = !header.compact && !header.sealed();
  header.bytes = plain ? segment_header_bytes : long_segment_header_bytes;
  std::string out(header.bytes, '\0');
  std::memcpy(out.data(), magic.data(), magic.size());
  store<std::uint32_t>(out.data() + 8, plain ? 1 : 2);
  store<std::uint32_t>(out.data() + 12, static_cast<std::uint32_t>(header.bytes));
  store<std::uint32_t>(out.data() + 16, header.compact ? compact_flag : 0);
  store<std::uint32_t>(out.data() + 20, header.algorithm);
  std::memcpy(out.data() + id_at, header.terminal_id.data(), header.terminal_id.size());
  store<std::uint64_t>(out.data() + 56, header.first.value);
  store<std::int64_t>(out.data() + 64, header.created_ns);
  if (!plain) {
    store(out.data() + salt_at, header.salt);
    store(out.data() + link_at, header.link);
  }
  header.seed = XXH3_64bits(out.data(), header.bytes - 8);
  store<std::uint64_t>(out.data() + header.bytes - 8, header.seed);
  return out;
}

Result<std::optional<SegmentHeader>> decode_segment(std::string_view bytes) {
  if (bytes.size() < segment_header_bytes) return std::nullopt;
  if (!bytes.starts_with(magic)) return fail(Code::Damaged, "A journal segment does not begin as one.");
  const auto version = load<std::uint32_t>(bytes.data() + 8);
  if (version != 1 && version != 2)
    return fail(Code::Unsupported, "A journal was written by another version.", "Use the newest berth that wrote it.");
  SegmentHeader header;
  header.bytes = version == 1 ? segment_header_bytes : long_segment_header_bytes;
  if (bytes.size() < header.bytes) return std::nullopt;
  header.seed = load<std::uint64_t>(bytes.data() + header.bytes - 8);
  if (header.seed != XXH3_64bits(bytes.data(), header.bytes - 8))
    return fail(Code::Damaged, "A journal segment's header fails its check.");
  const auto flags = load<std::uint32_t>(bytes.data() + 16);
  header.algorithm = load<std::uint32_t>(bytes.data() + 20);
  if (version == 1 ? (flags | header.algorithm) != 0 : (flags & ~compact_flag) != 0)
    return fail(Code::Unsupported, "A journal segment is of a form that this version does not know.");
  header.compact = (flags & compact_flag) != 0;
  const std::string_view id = bytes.substr(id_at, id_bytes);
  header.terminal_id = id.substr(0, id.find('\0'));
  header.first = {load<std::uint64_t>(bytes.data() + 56)};
  header.created_ns = load<std::int64_t>(bytes.data() + 64);
  if (version == 2) {
    header.salt = load<Tag>(bytes.data() + salt_at);
    header.link = load<Tag>(bytes.data() + link_at);
  }
  return header;
}

RecordHeaderBytes encode_unchecked(const RecordHeader& header, std::size_t payload_bytes) {
  RecordHeaderBytes out{};
  store<std::uint32_t>(out.data() + 8, static_cast<std::uint32_t>(payload_bytes));
  store<std::uint8_t>(out.data() + 12, static_cast<std::uint8_t>(header.kind));
  store<std::uint8_t>(out.data() + 13, header.flags);
  store<std::uint64_t>(out.data() + 16, header.offset.value);
  store<std::int64_t>(out.data() + 24, header.time_ns);
  return out;
}

void put_checksum(char* header, std::string_view payload, std::uint64_t seed) {
  store<std::uint64_t>(header, record_checksum(header, payload, seed));
}

RecordHeaderBytes encode(const RecordHeader& header, std::string_view payload, std::uint64_t seed) {
  BERTH_CHECK(payload.size() <= max_payload_bytes);
  RecordHeaderBytes out = encode_unchecked(header, payload.size());
  put_checksum(out.data(), payload, seed);
  return out;
}

std::optional<RecordHeader> decode_record(std::string_view bytes) {
  if (bytes.size() < record_header_bytes) return std::nullopt;
  RecordHeader header;
  header.checksum = load<std::uint64_t>(bytes.data());
  header.payload_bytes = load<std::uint32_t>(bytes.data() + 8);
  header.kind = static_cast<Kind>(load<std::uint8_t>(bytes.data() + 12));
  header.flags = load<std::uint8_t>(bytes.data() + 13);
  header.offset = {load<std::uint64_t>(bytes.data() + 16)};
  header.time_ns = load<std::int64_t>(bytes.data() + 24);
  const std::size_t overhead = (header.flags & sealed_flag) != 0 ? seal_overhead_bytes : 0;
  const bool possible = header.payload_bytes >= overhead && header.payload_bytes <= max_payload_bytes + overhead &&
                        header.kind != Kind{} &&
                        load<std::uint16_t>(bytes.data() + 14) == 0;
  if (!possible) return std::nullopt;
  return header;
}

std::uint64_t checksum_of(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

bool checksum_holds(std::string_view header, std::string_view payload, std::uint64_t seed) {
  BERTH_CHECK(header.size() >= record_header_bytes);
  return load<std::uint64_t>(header.data()) == record_checksum(header.data(), payload, seed);
}

std::string encode_resize(TerminalSize size) {
  std::string out(4, '\0');
  store<std::uint16_t>(out.data(), size.cols);
  store<std::uint16_t>(out.data() + 2, size.rows);
  return out;
}

std::optional<TerminalSize> decode_resize(std::string_view payload) {
  if (payload.size() != 4) return std::nullopt;
  return TerminalSize{.cols = load<std::uint16_t>(payload.data()), .rows = load<std::uint16_t>(payload.data() + 2)};
}

std::string encode_exit(ExitPayload exit) {
  std::string out(8, '\0');
  store<std::int32_t>(out.data(), exit.code);
  store<std::int32_t>(out.data() + 4, exit.signal);
  return out;
}

std::optional<ExitPayload> decode_exit(std::string_view payload) {
  if (payload.size() != 8) return std::nullopt;
  return ExitPayload{.code = load<std::int32_t>(payload.data()), .signal = load<std::int32_t>(payload.data() + 4)};
}

}  // namespace berth::journal
