#include "journal/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace berth::journal {
namespace {

using Found = SegmentReader::Found;

struct Following {
  std::optional<SegmentName> next;
  bool removed_before = false;  // nothing is left of what comes before it: the oldest were removed to keep within a limit
};

Result<Following> segment_after(const std::filesystem::path& dir, std::uint32_t sequence) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  const auto next = std::ranges::upper_bound(names, sequence, {}, &SegmentName::sequence);
  if (next == names.end()) return Following{};
  return Following{.next = *next, .removed_before = next == names.begin()};
}

// The last one that begins before `from`, so that what stands between bytes exactly at `from` is found too.
SegmentName segment_of(const std::vector<SegmentName>& names, ByteOffset from) {
  const auto first_not_before = std::ranges::lower_bound(names, from, {}, &SegmentName::first);
  return first_not_before == names.begin() ? names.front() : *std::prev(first_not_before);
}

}  // namespace

// A segment may be removed between the listing and the opening: then the listing is old.
Result<Cursor> Cursor::open(const std::filesystem::path& dir, ByteOffset from, const Key& key, Typed typed) {
  for (int attempt = 0;; ++attempt) {
    auto cursor = open_once(dir, from, key, typed);
    if (cursor || cursor.error().code != Code::NotFound || attempt == 8) return cursor;
    TRY(list_segments(dir));
  }
}

Result<Cursor> Cursor::open_once(const std::filesystem::path& dir, ByteOffset from, const Key& key, Typed typed) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  Cursor cursor;
  cursor.dir_ = dir;
  cursor.key_ = key;
  cursor.typed_ = typed;
  cursor.offset_ = from;
  if (names.empty() && from == ByteOffset{}) return cursor;  // the writer is just making it
  if (names.empty()) return fail(Code::InvalidArgument, "The journal is empty.");
  if (from < names.front().first) {
    TRY_ASSIGN(const Range kept, range(dir, key));
    return fail(Code::InvalidArgument, fmt::format("Output before offset {} was removed to keep within a limit; offsets {} to {} are here.",
                                              kept.begin.value, kept.begin.value, kept.end.value));
  }
  const SegmentName name = segment_of(names, from);
  cursor.expected_ = name.first;
  TRY_ASSIGN(cursor.segment_, SegmentReader::open(dir, name, key));
  if (cursor.segment_) {
    TRY(cursor.segment_->seek([from](ByteOffset first, std::int64_t) { return first < from; }));
    TRY_ASSIGN(const auto at, cursor.segment_->look());
    if (at == Found::Record) cursor.expected_ = std::max(cursor.expected_, cursor.segment_->record().header.offset);
  }
  const auto found = cursor.fetch();
  if (!found && !cursor.damaged_) return pass(found.error());  // damage is told by next(), which can go on behind it
  if (found && !*found && cursor.expected_ < from)
    return fail(Code::InvalidArgument, fmt::format("The journal ends before this offset; offsets {} to {} are here.",
                                              names.front().first.value, cursor.expected_.value));
  return cursor;
}

Result<std::optional<Piece>> Cursor::next(std::size_t max_bytes) {
  BERTH_CHECK(max_bytes > 0);
  TRY_ASSIGN(const bool found, fetch());
  if (!found) return std::nullopt;
  if (gap_) {
    const Piece piece{.kind = Kind::Gap, .offset = offset_, .end = *gap_};
    expected_ = offset_ = *std::exchange(gap_, std::nullopt);
    return piece;
  }
  const RecordHeader& header = record_->header;
  Piece piece{.kind = header.kind,
              .offset = offset_,
              .data = record_->payload,
              .time = WallTime{std::chrono::nanoseconds{header.time_ns}},
              .end = offset_};
  if (!is_bytes(header.kind)) {
    record_.reset();
    return piece;
  }
  piece.data = record_->payload.substr(given_, max_bytes);
  given_ += piece.data.size();
  offset_ += piece.data.size();
  piece.end = offset_;
  if (given_ == record_->payload.size()) record_.reset();
  return piece;
}

Result<bool> Cursor::fetch() {
  if (damaged_) return damaged();
  while (!record_ && !gap_) {
    if (!segment_) {
      TRY_ASSIGN(const bool entered, enter_first());
      if (!entered) return false;
      continue;
    }
    TRY_ASSIGN(const auto found, segment_->look());
    if (found != Found::Record) {
      TRY_ASSIGN(const bool goes_on, wait_or_damage(found));
      if (!goes_on) return false;
      continue;
    }
    if (segment_->record().header.offset != expected_) return damaged();
    take(segment_->record());
  }
  return true;
}

Result<bool> Cursor::enter_first() {
  TRY_ASSIGN(const auto names, list_segments(dir_));
  if (names.empty()) return false;
  TRY_ASSIGN(segment_, SegmentReader::open(dir_, names.front(), key_));
  if (!segment_) return false;
  if (names.front().first > offset_) gap_ = names.front().first;  // removed before it was ever seen here
  expected_ = names.front().first;
  return true;
}

// The segment has no good record here: true when there is one to look at now after all, false at the present end.
Result<bool> Cursor::wait_or_damage(Found found) {
  if (found == Found::Misplaced) return damaged();
  TRY_ASSIGN(auto following, segment_after(dir_, segment_->name().sequence));
  bool follows = following.next.has_value();
  if (!follows && found != Found::End) {
    TRY_ASSIGN(follows, segment_->good_record_follows(expected_));
  }
  segment_->release_buffer();
  if (!follows) return false;
  // The writer finishes a record, and a segment, before what follows: only now is that which stands here final.
  TRY_ASSIGN(found, segment_->look());
  if (found == Found::Record || found == Found::Misplaced) return true;
  if (!following.next || found != Found::End) return damaged();
  const SegmentName next = *following.next;
  auto opened = SegmentReader::open(dir_, next, key_);
  if (!opened && opened.error().code == Code::NotFound) return true;  // removed just now: look again at what follows
  TRY_ASSIGN(auto entered, std::move(opened));
  if (!entered) return false;
  if (next.first != expected_) {
    if (!following.removed_before || next.first < expected_) return damaged();
    gap_ = next.first;
  } else if (const auto link = segment_->link(); link && entered->header().sealed() && *link != entered->header().link) {
    return damaged();  // records were cut off the end, though no bytes
  }
  segment_ = std::move(*entered);
  return true;
}

bool Cursor::is_given(const RecordHeader& header) const {
  return is_known(header.kind) && (header.kind != Kind::Input || typed_ == Typed::Give);
}

// Moves past the record; it is given out unless all of it lies before the offset that is wanted.
void Cursor::take(const Record& record) {
  expected_ = record.end();
  const ByteOffset begin = record.header.offset;
  const bool wanted = is_bytes(record.header.kind) ? record.end() > offset_ : begin >= offset_;
  if (wanted && is_given(record.header)) {
    record_ = record;
    given_ = begin < offset_ ? static_cast<std::size_t>(offset_ - begin) : 0;
    offset_ = std::max(offset_, begin);
  }
  segment_->advance();
}

std::unexpected<Error> Cursor::damaged() {
  damaged_ = true;
  Error error{.code = Code::Damaged, .message = "A part of this terminal's journal is damaged."};
  error.operation = "read journal";
  error.subject = dir_ / to_string(segment_->name());
  return std::unexpected(std::move(error));
}

Result<ByteOffset> Cursor::skip_damage() {
  if (!damaged_) return offset_;
  segment_->forget_link();
  TRY_ASSIGN(const auto found, segment_->look());
  bool moved = found == Found::Record && segment_->record().header.offset >= expected_;
  if (!moved) {
    TRY_ASSIGN(moved, segment_->resync(expected_));
  }
  if (moved) {
    TRY(segment_->look());
    expected_ = segment_->record().header.offset;
  } else {
    TRY_ASSIGN(const auto following, segment_after(dir_, segment_->name().sequence));
    if (!following.next) return pass(damaged().error());
    TRY_ASSIGN(auto entered, SegmentReader::open(dir_, *following.next, key_));
    if (!entered) return fail(Code::Unavailable, "The journal is just being continued.");
    segment_ = std::move(*entered);
    expected_ = std::max(expected_, following.next->first);
  }
  damaged_ = false;
  offset_ = std::max(offset_, expected_);
  return offset_;
}

namespace {

// To the end of a segment: what it held, for the callers that want its last word.
Result<> read_to_end(SegmentReader& reader, Summary& result) {
  for (bool more = true; more;) {
    TRY_ASSIGN(const auto found, reader.look());
    if (found == Found::Record) {
      const Record& record = reader.record();
      result.end = record.end();
      if (const auto exit = record.header.kind == Kind::Exit ? decode_exit(record.payload) : std::nullopt) {
        result.exit = exit->signal != 0 ? Exit{Killed{exit->signal}} : Exit{Exited{exit->code}};
        result.exit_time = WallTime{std::chrono::nanoseconds{record.header.time_ns}};
      }
      reader.advance();
    } else if (found == Found::End) {
      more = false;
    } else if (found == Found::Misplaced) {
      reader.forget_link();
    } else {
      TRY_ASSIGN(more, reader.resync(result.end));
    }
  }
  return {};
}

}  // namespace

Result<Summary> summary(const std::filesystem::path& dir, const Key& key) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  Summary result;
  if (names.empty()) return result;
  result.begin = names.front().first;
  result.end = names.back().first;
  TRY_ASSIGN(auto reader, SegmentReader::open(dir, names.back(), key));
  if (!reader) return result;
  // Only the end is of interest, and an exit record stands close to it.
  TRY(reader->seek([](ByteOffset, std::int64_t) { return true; }));
  TRY(read_to_end(*reader, result));
  return result;
}

Result<Range> range(const std::filesystem::path& dir, const Key& key) {
  TRY_ASSIGN(const Summary known, summary(dir, key));
  return Range{.begin = known.begin, .end = known.end};
}

}  // namespace berth::journal
