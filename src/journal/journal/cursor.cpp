#include "journal/cursor.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace berth::journal {
namespace {

using Found = SegmentReader::Found;

Result<std::optional<SegmentName>> segment_after(const std::filesystem::path& dir, std::uint32_t sequence) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  const auto next = std::ranges::upper_bound(names, sequence, {}, &SegmentName::sequence);
  if (next == names.end()) return std::nullopt;
  return *next;
}

// The last one that begins before `from`, so that what stands between bytes exactly at `from` is found too.
SegmentName segment_of(const std::vector<SegmentName>& names, ByteOffset from) {
  const auto first_not_before = std::ranges::lower_bound(names, from, {}, &SegmentName::first);
  return first_not_before == names.begin() ? names.front() : *std::prev(first_not_before);
}

}  // namespace

Result<Cursor> Cursor::open(const std::filesystem::path& dir, ByteOffset from) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  Cursor cursor;
  cursor.dir_ = dir;
  cursor.offset_ = from;
  if (names.empty() && from == ByteOffset{}) return cursor;  // the writer is just making it
  if (names.empty()) return fail(Code::InvalidArgument, "The journal ends before this offset.");
  if (from < names.front().first) return fail(Code::InvalidArgument, "The journal begins after this offset.");
  const SegmentName name = segment_of(names, from);
  cursor.expected_ = name.first;
  TRY_ASSIGN(cursor.segment_, SegmentReader::open(dir, name));
  const auto found = cursor.fetch();
  if (!found && !cursor.damaged_) return pass(found.error());  // damage is told by next(), which can go on behind it
  if (found && !*found && cursor.expected_ < from)
    return fail(Code::InvalidArgument, "The journal ends before this offset.");
  return cursor;
}

Result<std::optional<Piece>> Cursor::next(std::size_t max_bytes) {
  BERTH_CHECK(max_bytes > 0);
  TRY_ASSIGN(const bool found, fetch());
  if (!found) return std::nullopt;
  const RecordHeader& header = record_->header;
  Piece piece{.kind = header.kind,
              .offset = offset_,
              .data = record_->payload,
              .time = WallTime{std::chrono::nanoseconds{header.time_ns}}};
  if (!is_bytes(header.kind)) {
    record_.reset();
    return piece;
  }
  piece.data = record_->payload.substr(given_, max_bytes);
  given_ += piece.data.size();
  offset_ += piece.data.size();
  if (given_ == record_->payload.size()) record_.reset();
  return piece;
}

Result<bool> Cursor::fetch() {
  if (damaged_) return damaged();
  while (!record_) {
    if (!segment_) {
      TRY_ASSIGN(const auto names, list_segments(dir_));
      if (names.empty()) return false;
      TRY_ASSIGN(segment_, SegmentReader::open(dir_, names.front()));
      if (!segment_) return false;
      expected_ = segment_->name().first;
    }
    TRY_ASSIGN(const auto found, segment_->look());
    if (found != Found::Record) {
      TRY_ASSIGN(const bool more, wait_or_damage(found));
      if (!more) return false;
      continue;
    }
    if (segment_->record().header.offset != expected_) return damaged();
    take(segment_->record());
  }
  return true;
}

// The segment has no good record here: true when there is one to look at now after all, false at the present end.
Result<bool> Cursor::wait_or_damage(Found found) {
  TRY_ASSIGN(const auto next, segment_after(dir_, segment_->name().sequence));
  bool follows = next.has_value();
  if (!next && found != Found::End) {
    TRY_ASSIGN(follows, segment_->good_record_follows(expected_));
  }
  segment_->release_buffer();
  if (!follows) return false;
  // The writer finishes a record, and a segment, before what follows: only now is that which stands here final.
  TRY_ASSIGN(found, segment_->look());
  if (found == Found::Record) return true;
  if (!next) return damaged();
  if (found != Found::End || next->first != expected_) return damaged();
  TRY_ASSIGN(auto entered, SegmentReader::open(dir_, *next));
  if (!entered) return false;
  segment_ = std::move(*entered);
  return true;
}

// Moves past the record; it is given out unless all of it lies before the offset that is wanted.
void Cursor::take(const Record& record) {
  expected_ = record.end();
  const ByteOffset begin = record.header.offset;
  const bool wanted = is_bytes(record.header.kind) ? record.end() > offset_ : begin >= offset_;
  if (wanted && is_known(record.header.kind)) {
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
  TRY_ASSIGN(const auto found, segment_->look());
  const bool here = found == Found::Record && segment_->record().header.offset > expected_;
  bool moved = here;
  if (!here) {
    TRY_ASSIGN(moved, segment_->resync(expected_));
  }
  if (moved) {
    expected_ = segment_->record().header.offset;
  } else {
    TRY_ASSIGN(const auto next, segment_after(dir_, segment_->name().sequence));
    if (!next) return pass(damaged().error());
    TRY_ASSIGN(auto entered, SegmentReader::open(dir_, *next));
    if (!entered) return fail(Code::Unavailable, "The journal is just being continued.");
    segment_ = std::move(*entered);
    expected_ = std::max(expected_, next->first);
  }
  damaged_ = false;
  offset_ = std::max(offset_, expected_);
  return offset_;
}

Result<Summary> summary(const std::filesystem::path& dir) {
  TRY_ASSIGN(const auto names, list_segments(dir));
  Summary result;
  if (names.empty()) return result;
  result.begin = names.front().first;
  result.end = names.back().first;
  TRY_ASSIGN(auto reader, SegmentReader::open(dir, names.back()));
  for (bool more = reader.has_value(); more;) {
    TRY_ASSIGN(const auto found, reader->look());
    if (found == Found::Record) {
      const Record& record = reader->record();
      result.end = record.end();
      if (const auto exit = record.header.kind == Kind::Exit ? decode_exit(record.payload) : std::nullopt) {
        result.exit = exit->signal != 0 ? Exit{Killed{exit->signal}} : Exit{Exited{exit->code}};
        result.exit_time = WallTime{std::chrono::nanoseconds{record.header.time_ns}};
      }
      reader->advance();
    } else if (found == Found::End) {
      more = false;
    } else {
      TRY_ASSIGN(more, reader->resync(result.end));
    }
  }
  return result;
}

}  // namespace berth::journal
