#include "journal/segment.hpp"

#include <algorithm>

#include "os/file.hpp"

namespace berth::journal {

Result<std::optional<SegmentReader>> SegmentReader::open(const std::filesystem::path& dir, const SegmentName& name) {
  SegmentReader reader;
  TRY_ASSIGN(reader.file_, os::open_read(dir / to_string(name)));
  reader.name_ = name;
  TRY_ASSIGN(const auto bytes, reader.bytes_at(0, segment_header_bytes));
  if (bytes.size() < segment_header_bytes) return std::nullopt;
  TRY_ASSIGN(reader.header_, decode_segment(bytes.substr(0, segment_header_bytes)));
  if (reader.header_.first != name.first) return fail(Code::Damaged, "A journal segment has the name of another.");
  return reader;
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

Result<SegmentReader::Found> SegmentReader::look_at(std::uint64_t position) {
  TRY_ASSIGN(const auto head, bytes_at(position, record_header_bytes));
  if (head.empty()) return Found::End;
  if (head.size() < record_header_bytes) return Found::Torn;
  const auto header = decode_record(head);
  if (!header) return Found::Bad;
  TRY_ASSIGN(const auto whole, bytes_at(position, record_header_bytes + header->payload_bytes));
  if (whole.size() < record_header_bytes + header->payload_bytes) return Found::Torn;
  const auto payload = whole.substr(record_header_bytes);
  if (!checksum_holds(whole, payload, header_.seed)) return Found::Bad;
  record_ = {.header = *header, .payload = payload};
  return Found::Record;
}

Result<SegmentReader::Found> SegmentReader::look() {
  auto found = look_at(position_);
  if (found && *found == Found::Record && record_.header.flags != 0)
    return fail(Code::Unsupported, "A journal record was written by a later version.", "Use the berth that wrote it.");
  return found;
}

Result<bool> SegmentReader::resync(ByteOffset least) {
  for (std::uint64_t at = position_ + 1;; ++at) {
    TRY_ASSIGN(const auto head, bytes_at(at, record_header_bytes));
    if (head.size() < record_header_bytes) return false;
    const auto header = decode_record(head);
    if (!header || header->offset < least) continue;
    TRY_ASSIGN(const auto found, look_at(at));
    if (found != Found::Record) continue;
    position_ = at;
    return true;
  }
}

Result<bool> SegmentReader::good_record_follows(ByteOffset least) {
  const std::uint64_t here = position_;
  auto found = resync(least);
  position_ = here;
  return found;
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
