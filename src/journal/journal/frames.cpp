#include "journal/frames.hpp"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

constexpr std::string_view end_magic = "BERTHEND";
constexpr std::size_t frame_header_bytes = 40;
constexpr std::size_t entry_bytes = 32;
constexpr std::size_t table_tail_bytes = 32;
constexpr std::size_t end_bytes = 24;
constexpr std::size_t max_stored_bytes = max_frame_bytes + max_frame_bytes / 128 + 1024;
constexpr std::uint64_t max_frames = 1 << 20;
constexpr int level = 3;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

struct FrameHeader {
  std::uint64_t checksum = 0;
  std::uint32_t stored_bytes = 0, raw_bytes = 0, index = 0;
  ByteOffset first;
  std::int64_t time_ns = 0;
  [[nodiscard]] bool possible() const {
    return stored_bytes > 0 && stored_bytes <= max_stored_bytes && raw_bytes >= record_header_bytes && raw_bytes <= max_frame_bytes;
  }
};

FrameHeader decode_frame(std::string_view bytes) {
  FrameHeader header;
  header.checksum = take<std::uint64_t>(bytes);
  header.stored_bytes = take<std::uint32_t>(bytes);
  header.raw_bytes = take<std::uint32_t>(bytes);
  header.index = take<std::uint32_t>(bytes);
  bytes.remove_prefix(4);
  header.first = {take<std::uint64_t>(bytes)};
  header.time_ns = take<std::int64_t>(bytes);
  return header;
}

Frame frame_of(const FrameHeader& header, std::uint64_t position, std::uint64_t at) {
  return {.position = position, .at = at, .stored_bytes = header.stored_bytes, .raw_bytes = header.raw_bytes,
          .first = header.first, .time_ns = header.time_ns};
}

Result<std::string> read_part(int fd, std::uint64_t position, std::size_t bytes) {
  std::string out(bytes, '\0');
  TRY_ASSIGN(const std::size_t got, os::pread_full(fd, out, position));
  out.resize(got);
  return out;
}

}  // namespace

Result<Frames> Frames::open(int fd, const SegmentHeader& header, const Seal* seal) {
  BERTH_CHECK(header.compact && header.sealed() == (seal != nullptr));
  Frames frames;
  frames.header_ = header;
  TRY_ASSIGN(const auto state, os::stat_fd(fd));
  const auto size = static_cast<std::uint64_t>(state.st_size);
  TRY_ASSIGN(const bool whole, frames.read_table(fd, seal, size));
  if (!whole) TRY(frames.find_frames(fd, size));
  return frames;
}

// False: the table fails its check.
Result<bool> Frames::read_table(int fd, const Seal* seal, std::uint64_t size) {
  if (size < header_.bytes + end_bytes) return false;
  TRY_ASSIGN(const std::string end, read_part(fd, size - end_bytes, end_bytes));
  if (end.size() != end_bytes || !end.ends_with(end_magic)) return false;
  std::string_view rest = end;
  const auto checksum = take<std::uint64_t>(rest);
  const auto table_bytes = take<std::uint32_t>(rest);
  const auto frames = take<std::uint32_t>(rest);
  const std::uint64_t plain_bytes = frames * entry_bytes + table_tail_bytes;
  if (frames > max_frames || table_bytes != plain_bytes + (seal != nullptr ? crypto::Aead::tag_bytes : 0)) return false;
  if (size < header_.bytes + end_bytes + table_bytes) return false;
  TRY_ASSIGN(std::string table, read_part(fd, size - end_bytes - table_bytes, table_bytes));
  if (table.size() != table_bytes || checksum_of(table, checksum_of(std::string_view(end).substr(8), header_.seed)) != checksum)
    return false;
  if (seal != nullptr) {
    std::string plain(plain_bytes, '\0');
    if (!seal->aead().open(0, std::string_view(end).substr(8), table, plain.data())) return false;
    table = std::move(plain);
  }
  std::string_view bytes = table;
  std::vector<Frame> list(frames);
  std::uint64_t at = 0, position = header_.bytes;
  for (Frame& frame : list) {
    frame.position = take<std::uint64_t>(bytes);
    frame.stored_bytes = take<std::uint32_t>(bytes);
    frame.raw_bytes = take<std::uint32_t>(bytes);
    frame.first = {take<std::uint64_t>(bytes)};
    frame.time_ns = take<std::int64_t>(bytes);
    frame.at = at;
    if (frame.position != position || frame.stored_bytes > max_stored_bytes || frame.raw_bytes > max_frame_bytes) return false;
    at += frame.raw_bytes;
    position += frame_header_bytes + frame.stored_bytes;
  }
  end_ = FrameEnd{.tag = take<Tag>(bytes), .end = {take<std::uint64_t>(bytes)}, .time_ns = take<std::int64_t>(bytes)};
  list_ = std::move(list);
  return true;
}

// By their headers: each names its size; behind one that fails, the next is looked for byte by byte.
Result<> Frames::find_frames(int fd, std::uint64_t size) {
  constexpr std::size_t window_bytes = 1 << 20;
  std::string window;
  std::uint64_t start = 0, at = 0;
  const auto bytes_at = [&](std::uint64_t position, std::size_t wanted) -> Result<std::string_view> {
    if (position < start || position + wanted > start + window.size()) {
      TRY_ASSIGN(window, read_part(fd, position, window_bytes));
      start = position;
    }
    return std::string_view(window).substr(position - start, wanted);
  };
  for (std::uint64_t position = header_.bytes; position + frame_header_bytes <= size;) {
    TRY_ASSIGN(const auto head, bytes_at(position, frame_header_bytes));
    if (head.size() < frame_header_bytes) break;
    const FrameHeader header = decode_frame(head);
    if (header.possible() && (list_.empty() || header.first >= list_.back().first)) {
      TRY_ASSIGN(const auto whole, bytes_at(position, frame_header_bytes + header.stored_bytes));
      if (whole.size() == frame_header_bytes + header.stored_bytes &&
          checksum_of(whole.substr(8), header_.seed) == header.checksum) {
        list_.push_back(frame_of(header, position, at));
        at += header.raw_bytes;
        position += whole.size();
        continue;
      }
    }
    ++position;
  }
  return {};
}

std::size_t Frames::index_at(std::uint64_t raw) const {
  const auto after = std::ranges::upper_bound(list_, raw, {}, &Frame::at);
  const auto index = static_cast<std::size_t>(after - list_.begin());
  return index > 0 && raw < list_[index - 1].end() ? index - 1 : index;
}

Result<std::optional<std::string_view>> Frames::load(int fd, const Seal* seal, std::size_t index) {
  const Frame& frame = list_.at(index);
  if (loaded_ == index) return std::string_view(raw_.get(), frame.raw_bytes);
  loaded_ = SIZE_MAX;
  stored_.resize(frame_header_bytes + frame.stored_bytes);
  TRY_ASSIGN(const std::size_t got, os::pread_full(fd, stored_, frame.position));
  if (got != stored_.size()) return std::nullopt;
  const std::string_view whole = stored_;
  const FrameHeader header = decode_frame(whole);
  if (header.checksum != checksum_of(whole.substr(8), header_.seed) || header.stored_bytes != frame.stored_bytes ||
      header.raw_bytes != frame.raw_bytes || !header.possible() || header.first != frame.first)
    return std::nullopt;
  std::string_view packed = whole.substr(frame_header_bytes);
  if (seal != nullptr) {
    if (packed.size() < crypto::Aead::tag_bytes) return std::nullopt;
    opened_.resize(packed.size() - crypto::Aead::tag_bytes);
    if (!seal->aead().open(1 + std::uint64_t{header.index}, whole.substr(8, frame_header_bytes - 8), packed, opened_.data()))
      return std::nullopt;
    packed = opened_;
  }
  if (!raw_) raw_ = std::make_unique_for_overwrite<char[]>(max_frame_bytes);
  if (ZSTD_decompress(raw_.get(), max_frame_bytes, packed.data(), packed.size()) != frame.raw_bytes) return std::nullopt;
  loaded_ = index;
  return std::string_view(raw_.get(), frame.raw_bytes);
}

void Frames::release() {
  loaded_ = SIZE_MAX;
  stored_ = {};
  opened_ = {};
  raw_.reset();
}

// ---- making one ----

struct FrameBuilder::Context {
  ZSTD_CCtx* zstd = ZSTD_createCCtx();
  Context() { BERTH_CHECK(zstd != nullptr); }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
};

FrameBuilder::FrameBuilder() : context_(std::make_unique<Context>()) {}
FrameBuilder::FrameBuilder(FrameBuilder&&) noexcept = default;
FrameBuilder& FrameBuilder::operator=(FrameBuilder&&) noexcept = default;
FrameBuilder::~FrameBuilder() = default;

Result<FrameBuilder> FrameBuilder::open(SegmentHeader header, const Key& key) {
  FrameBuilder builder;
  header.compact = true;
  header.salt = random_salt();
  header.algorithm = key.empty() ? 0 : static_cast<std::uint32_t>(crypto::Aead::preferred());
  builder.header_bytes_ = encode(header);
  if (header.sealed()) {
    TRY_ASSIGN(builder.seal_, Seal::open(key, header));
  }
  builder.header_ = std::move(header);
  builder.position_ = builder.header_bytes_.size();
  return builder;
}

std::string_view FrameBuilder::add(const RecordHeader& record, std::string_view payload) {
  RecordHeader plain = record;
  plain.flags = 0;
  if (records_++ == 0) first_ = plain;
  const auto head = encode_unchecked(plain, payload.size());
  raw_.append(head.data(), head.size()).append(payload);
  return raw_.size() >= frame_bytes ? close_frame() : std::string_view();
}

std::string_view FrameBuilder::close_frame() {
  packed_.resize(ZSTD_compressBound(raw_.size()));
  const std::size_t packed = ZSTD_compressCCtx(context_->zstd, packed_.data(), packed_.size(), raw_.data(), raw_.size(), level);
  BERTH_CHECK(ZSTD_isError(packed) == 0);
  const auto index = static_cast<std::uint32_t>(list_.size());
  const FrameHeader header{.stored_bytes = static_cast<std::uint32_t>(packed + (seal_ ? crypto::Aead::tag_bytes : 0)),
                           .raw_bytes = static_cast<std::uint32_t>(raw_.size()), .index = index, .first = first_.offset,
                           .time_ns = first_.time_ns};
  out_.clear();
  put(out_, std::uint64_t{0});
  put(out_, header.stored_bytes);
  put(out_, header.raw_bytes);
  put(out_, header.index);
  put(out_, records_);
  put(out_, header.first.value);
  put(out_, header.time_ns);
  if (seal_) {
    out_.resize(frame_header_bytes + header.stored_bytes);
    seal_->aead().seal(1 + std::uint64_t{index}, {out_.data() + 8, frame_header_bytes - 8}, {packed_.data(), packed},
                       out_.data() + frame_header_bytes);
  } else {
    out_.append(packed_.data(), packed);
  }
  const std::uint64_t checksum = checksum_of(std::string_view(out_).substr(8), header_.seed);
  std::memcpy(out_.data(), &checksum, sizeof checksum);
  list_.push_back(frame_of(header, position_, 0));
  position_ += out_.size();
  raw_.clear();
  records_ = 0;
  return out_;
}

std::string FrameBuilder::finish(const FrameEnd& end) {
  std::string last(raw_.empty() ? std::string_view() : close_frame());
  std::string table;
  for (const Frame& frame : list_) {
    put(table, frame.position);
    put(table, frame.stored_bytes);
    put(table, frame.raw_bytes);
    put(table, frame.first.value);
    put(table, frame.time_ns);
  }
  put(table, end.tag);
  put(table, end.end.value);
  put(table, end.time_ns);
  std::string tail;
  put(tail, static_cast<std::uint32_t>(table.size() + (seal_ ? crypto::Aead::tag_bytes : 0)));
  put(tail, static_cast<std::uint32_t>(list_.size()));
  tail += end_magic;
  if (seal_) {
    std::string sealed(table.size() + crypto::Aead::tag_bytes, '\0');
    seal_->aead().seal(0, tail, table, sealed.data());
    table = std::move(sealed);
  }
  const std::uint64_t checksum = checksum_of(table, checksum_of(tail, header_.seed));
  last += table;
  put(last, checksum);
  return last + tail;
}

}  // namespace berth::journal
