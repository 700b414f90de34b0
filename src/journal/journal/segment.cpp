#include "journal/segment.hpp"

#include <algorithm>

#include "os/file.hpp"

namespace berth::journal {
namespace {

constexpr std::uint64_t near_bytes = 512 << 10;  // seek() leaves the rest to reading on

}  // namespace

Result<std::optional<SegmentReader>> SegmentReader::open(const std::filesystem::path& dir, const SegmentName& name,
                                                         const Key& key) {
  return open_file(dir / to_string(name), name, key);
}

Result<std::optional<SegmentReader>> SegmentReader::open_file(const std::filesystem::path& path, const SegmentName& name,
                                                              const Key& key) {
  SegmentReader reader;
  TRY_ASSIGN(reader.file_, os::open_read(path));
  reader.name_ = name;
  TRY_ASSIGN(const auto bytes, reader.bytes_at(0, long_segment_header_bytes));
  TRY_ASSIGN(auto header, decode_segment(bytes));
  if (!header) return std::nullopt;
  reader.header_ = *std::move(header);
  if (reader.header_.first != name.first) return fail(Code::Damaged, "A journal segment has the name of another.");
  if (reader.header_.sealed()) {
    TRY_ASSIGN(auto seal, Seal::open(key, reader.header_));
    reader.seal_ = std::make_unique<Seal>(std::move(seal));
    reader.link_ = reader.header_.link;
  }
  if (reader.header_.compact) {
    TRY_ASSIGN(reader.frames_, Frames::open(reader.file_.get(), reader.header_, reader.seal_.get()));
  } else {
    reader.position_ = reader.header_.bytes;
  }
  return reader;
}

std::optional<Tag> SegmentReader::link() const {
  if (!seal_) return std::nullopt;
  if (frames_ && frames_->end() && position_ == frames_->raw_bytes()) return frames_->end()->tag;
  return link_;
}

Result<std::string_view> SegmentReader::bytes_at(std::uint64_t position, std::size_t wanted) {
  if (position < start_ || position + wanted > start_ + have_) {
    TRY_ASSIGN(const auto state, os::stat_fd(file_.get()));
    const std::uint64_t size = static_cast<std::uint64_t>(state.st_size);
    const std::uint64_t left = size > position ? size - position : 0;
    const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left, std::max(wanted, read_bytes)));
    if (take > capacity_) {
      buffer_ = std::make_unique_for_overwrite<char[]>(take);
      capacity_ = take;
    }
    have_ = 0;
    start_ = position;
    TRY_ASSIGN(have_, os::pread_full(file_.get(), {buffer_.get(), take}, position));
  }
  const std::size_t from = static_cast<std::size_t>(position - start_);
  return std::string_view(buffer_.get() + from, std::min(wanted, have_ - from));
}

void SegmentReader::release_buffer() {
  buffer_.reset();
  capacity_ = have_ = 0;
  if (frames_) frames_->release();
}

Result<SegmentReader::Found> SegmentReader::look_at(std::uint64_t position) {
  if (frames_) return frame_record_at(position);
  TRY_ASSIGN(const auto head, bytes_at(position, record_header_bytes));
  if (head.empty()) return Found::End;
  if (head.size() < record_header_bytes) return Found::Torn;
  const auto header = decode_record(head);
  if (!header) return Found::Bad;
  TRY_ASSIGN(const auto whole, bytes_at(position, record_header_bytes + header->payload_bytes));
  if (whole.size() < record_header_bytes + header->payload_bytes) return Found::Torn;
  const auto stored = whole.substr(record_header_bytes);
  if (!checksum_holds(whole, stored, header_.seed)) return Found::Bad;
  record_ = {.header = *header, .payload = stored};
  stored_bytes_ = whole.size();
  record_link_.reset();
  if (!seal_) return Found::Record;
  if (header->flags != sealed_flag) return Found::Bad;  // nothing in the clear belongs here
  const auto opened = seal_->open_record(whole, stored);
  if (!opened) return Found::Bad;
  record_.payload = opened->payload;
  record_.header.payload_bytes = static_cast<std::uint32_t>(opened->payload.size());
  record_.header.flags = 0;
  record_link_ = opened->link;
  tag_ = opened->tag;
  return Found::Record;
}

// A frame was checked as a whole: what is in it is a row of records.
Result<SegmentReader::Found> SegmentReader::frame_record_at(std::uint64_t position) {
  const std::size_t index = frames_->index_at(position);
  if (index == frames_->list().size()) return frames_->end() ? Found::End : Found::Torn;
  TRY_ASSIGN(const auto raw, frames_->load(file_.get(), seal_.get(), index));
  if (!raw) return Found::Bad;
  const auto rest = raw->substr(position - frames_->list()[index].at);
  const auto header = decode_record(rest);
  if (!header || rest.size() < record_header_bytes + header->payload_bytes) return Found::Bad;
  record_ = {.header = *header, .payload = rest.substr(record_header_bytes, header->payload_bytes)};
  stored_bytes_ = record_header_bytes + header->payload_bytes;
  record_link_.reset();
  return Found::Record;
}

Result<SegmentReader::Found> SegmentReader::look() {
  TRY_ASSIGN(const auto found, look_at(position_));
  if (found != Found::Record) return found;
  if (record_.header.flags != 0)
    return fail(Code::Unsupported, "A journal record was written by a later version.", "Use the berth that wrote it.");
  if (record_link_ && link_ && *record_link_ != *link_) return Found::Misplaced;
  return found;
}

void SegmentReader::advance() {
  position_ += stored_bytes_;
  if (record_link_) link_ = tag_;
  else link_.reset();
}

Result<bool> SegmentReader::resync(ByteOffset least) {
  if (frames_) return resync_frames(least);
  for (std::uint64_t at = position_ + 1;; ++at) {
    TRY_ASSIGN(const auto head, bytes_at(at, record_header_bytes));
    if (head.size() < record_header_bytes) return false;
    const auto header = decode_record(head);
    if (!header || header->offset < least) continue;
    TRY_ASSIGN(const auto found, look_at(at));
    if (found != Found::Record) continue;
    position_ = at;
    link_.reset();
    return true;
  }
}

Result<bool> SegmentReader::resync_frames(ByteOffset least) {
  for (const Frame& frame : frames_->list()) {
    if (frame.at <= position_ || frame.first < least) continue;
    TRY_ASSIGN(const auto found, look_at(frame.at));
    if (found != Found::Record) continue;
    position_ = frame.at;
    return true;
  }
  return false;
}

Result<bool> SegmentReader::good_record_follows(ByteOffset least) {
  const std::uint64_t here = position_;
  const auto link = link_;
  auto found = resync(least);
  position_ = here;
  link_ = link;
  return found;
}

Result<> SegmentReader::seek(const std::function<bool(ByteOffset, std::int64_t)>& before) {
  if (frames_) {
    const auto& list = frames_->list();
    const auto after = std::ranges::partition_point(list, [&](const Frame& frame) { return before(frame.first, frame.time_ns); });
    if (after != list.begin()) position_ = std::max(position_, std::prev(after)->at);
    return {};
  }
  TRY_ASSIGN(const auto state, os::stat_fd(file_.get()));
  const std::uint64_t start = position_;
  std::uint64_t low = position_, high = static_cast<std::uint64_t>(state.st_size);
  auto link = link_;
  while (high > low && high - low > near_bytes) {
    const std::uint64_t middle = low + (high - low) / 2;
    position_ = middle - 1;
    TRY_ASSIGN(const bool found, resync({}));
    if (found && position_ < high && before(record_.header.offset, record_.header.time_ns)) {
      low = position_;
      link.reset();
    } else {
      high = middle;
    }
  }
  position_ = std::max(start, low);
  link_ = link;
  return {};
}

Result<std::vector<SegmentName>> list_segments(const std::filesystem::path& dir) {
  std::vector<SegmentName> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    if (const auto name = parse_segment_name(entry->path().filename().native())) names.push_back(*name);
  }
  if (error) return fail_errno(error.value(), "list", dir);
  std::ranges::sort(names, {}, &SegmentName::sequence);
  return names;
}

}  // namespace berth::journal
