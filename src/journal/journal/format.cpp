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
constexpr std::size_t checked_bytes = segment_header_bytes - 8;
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
  std::string out(segment_header_bytes, '\0');
  std::memcpy(out.data(), magic.data(), magic.size());
  store<std::uint32_t>(out.data() + 8, format_version);
  store<std::uint32_t>(out.data() + 12, segment_header_bytes);
  std::memcpy(out.data() + id_at, header.terminal_id.data(), header.terminal_id.size());
  store<std::uint64_t>(out.data() + 56, header.first.value);
  store<std::int64_t>(out.data() + 64, header.created_ns);
  header.seed = XXH3_64bits(out.data(), checked_bytes);
  store<std::uint64_t>(out.data() + checked_bytes, header.seed);
  return out;
}

Result<SegmentHeader> decode_segment(std::string_view bytes) {
  BERTH_CHECK(bytes.size() == segment_header_bytes);
  if (!bytes.starts_with(magic)) return fail(Code::Damaged, "A journal segment does not begin as one.");
  if (load<std::uint32_t>(bytes.data() + 8) != format_version)
    return fail(Code::Unsupported, "A journal was written by another version.", "Use the newest berth that wrote it.");
  SegmentHeader header;
  header.seed = load<std::uint64_t>(bytes.data() + checked_bytes);
  if (header.seed != XXH3_64bits(bytes.data(), checked_bytes))
    return fail(Code::Damaged, "A journal segment's header fails its check.");
  const std::string_view id = bytes.substr(id_at, id_bytes);
  header.terminal_id = id.substr(0, id.find('\0'));
  header.first = {load<std::uint64_t>(bytes.data() + 56)};
  header.created_ns = load<std::int64_t>(bytes.data() + 64);
  return header;
}

RecordHeaderBytes encode(RecordHeader header, std::string_view payload, std::uint64_t seed) {
  BERTH_CHECK(payload.size() <= max_payload_bytes);
  RecordHeaderBytes out{};
  store<std::uint32_t>(out.data() + 8, static_cast<std::uint32_t>(payload.size()));
  store<std::uint8_t>(out.data() + 12, static_cast<std::uint8_t>(header.kind));
  store<std::uint8_t>(out.data() + 13, header.flags);
  store<std::uint64_t>(out.data() + 16, header.offset.value);
  store<std::int64_t>(out.data() + 24, header.time_ns);
  store<std::uint64_t>(out.data(), record_checksum(out.data(), payload, seed));
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
  const bool possible = header.payload_bytes <= max_payload_bytes && header.kind != Kind{} &&
                        load<std::uint16_t>(bytes.data() + 14) == 0;
  if (!possible) return std::nullopt;
  return header;
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
