#include "journal/position.hpp"

#include "journal/segment.hpp"

namespace berth::journal {
namespace {

using Found = SegmentReader::Found;

// The first byte at or after the time in this segment; empty when all are older.
Result<std::optional<ByteOffset>> offset_in(SegmentReader& reader, std::int64_t time_ns, ByteOffset& end) {
  TRY(reader.seek([time_ns](ByteOffset, std::int64_t at) { return at < time_ns; }));
  for (;;) {
    TRY_ASSIGN(const auto found, reader.look());
    if (found == Found::End) return std::nullopt;
    if (found == Found::Misplaced) {
      reader.forget_link();
      continue;
    }
    if (found != Found::Record) {
      TRY_ASSIGN(const bool more, reader.resync(end));
      if (!more) return std::nullopt;
      continue;
    }
    const Record& record = reader.record();
    if (is_bytes(record.header.kind) && record.header.time_ns >= time_ns) return record.header.offset;
    end = record.end();
    reader.advance();
  }
}

}  // namespace

Result<ByteOffset> offset_at(const std::filesystem::path& dir, const Key& key, WallTime time) {
  const std::int64_t time_ns = time.time_since_epoch().count();
  TRY_ASSIGN(const auto names, list_segments(dir));
  if (names.empty()) return ByteOffset{};
  // The last segment that began before the moment; one that just went away began before all others.
  std::size_t low = 0, high = names.size();
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    const auto reader = SegmentReader::open(dir, names[middle], key);
    if (!reader && reader.error().code != Code::NotFound && reader.error().code != Code::Damaged) return pass(reader.error());
    const bool before = !reader || !*reader ? !reader : (*reader)->header().created_ns < time_ns;
    (before ? low : high) = middle;
  }
  ByteOffset end = names[low].first;
  for (std::size_t at = low; at < names.size(); ++at) {
    auto reader = SegmentReader::open(dir, names[at], key);
    if (!reader && reader.error().code != Code::NotFound && reader.error().code != Code::Damaged) return pass(reader.error());
    if (!reader || !*reader) continue;
    end = std::max(end, names[at].first);
    TRY_ASSIGN(const auto found, offset_in(**reader, time_ns, end));
    if (found) return *found;
  }
  return end;
}

}  // namespace berth::journal
