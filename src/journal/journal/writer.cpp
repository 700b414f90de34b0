#include "journal/writer.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/check.hpp"
#include "journal/segment.hpp"
#include "journal/trim.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

constexpr std::size_t max_unsynced_segments = 8;  // more: the append that fills another one waits for the disk

}  // namespace

Result<Writer> Writer::create(const std::filesystem::path& dir, const TerminalId& id, WriterOptions options, WallTime now) {
  TRY(os::make_directory(dir, 0700));
  Writer writer;
  writer.dir_ = dir;
  writer.terminal_id_ = id.str();
  writer.fresh_ = true;
  writer.options_ = std::move(options);
  TRY_ASSIGN(const auto names, list_segments(dir));
  if (!names.empty()) return fail_errno(EEXIST, "create journal", dir);
  TRY(writer.begin_segment(0, now.time_since_epoch().count()));
  return writer;
}

Result<Writer> Writer::open(const std::filesystem::path& dir, WriterOptions options) {
  TRY_ASSIGN(auto names, list_segments(dir));
  Writer writer;
  writer.dir_ = dir;
  writer.options_ = std::move(options);
  while (!names.empty()) {
    TRY(writer.recover(names.back()));
    if (writer.segment_) return writer;
    if (!writer.terminal_id_.empty()) {  // its last segment is of a form that nothing is added to
      TRY(writer.begin_segment(names.back().sequence + 1, writer.last_time_ns_));
      return writer;
    }
    names.pop_back();  // it was being made when the writer ended; nothing was in it
  }
  return fail(Code::NotFound, "This terminal has no journal.");
}

// Takes the segment, or removes it when it has no whole header yet. After a sealed one another begins: no counter of a run
// before is used again.
Result<> Writer::recover(const SegmentName& name) {
  const auto path = dir_ / to_string(name);
  TRY_ASSIGN(auto reader, SegmentReader::open(dir_, name, options_.key));
  if (!reader) return os::remove_file(path);
  terminal_id_ = reader->header().terminal_id;
  sequence_ = name.sequence;
  seed_ = reader->header().seed;
  end_ = name.first;
  last_time_ns_ = reader->header().created_ns;
  for (bool more = true; more;) {
    TRY_ASSIGN(const auto found, reader->look());
    if (found == SegmentReader::Found::Record) {
      end_ = reader->record().end();
      last_time_ns_ = reader->record().header.time_ns;
      ended_ = ended_ || reader->record().header.kind == Kind::Exit;
      reader->advance();
    } else if (found == SegmentReader::Found::End) {
      more = false;
    } else if (found == SegmentReader::Found::Misplaced) {
      reader->forget_link();
    } else {
      TRY_ASSIGN(more, reader->resync(end_));
    }
  }
  tag_ = reader->link().value_or(Tag{});
  if (reader->header().compact) return {};
  size_ = reader->position();
  TRY_ASSIGN(auto file, os::open_append(path));
  TRY_ASSIGN(const auto state, os::stat_fd(file.get()));
  torn_bytes_ = static_cast<std::uint64_t>(state.st_size) - size_;
  if (torn_bytes_ > 0) TRY(os::truncate(file.get(), size_));
  if (!reader->header().sealed() && options_.key.empty()) segment_ = std::move(file);
  return {};
}

Result<> Writer::begin_segment(std::uint32_t sequence, std::int64_t now_ns) {
  if (full_.size() >= max_unsynced_segments) TRY(sync());
  const auto path = dir_ / to_string(SegmentName{.sequence = sequence, .first = end_});
  SegmentHeader header{.terminal_id = terminal_id_, .first = end_, .created_ns = now_ns};
  std::optional<Seal> seal;
  if (!options_.key.empty()) {
    header.algorithm = static_cast<std::uint32_t>(crypto::Aead::preferred());
    header.salt = random_salt();
    header.link = tag_;
    TRY_ASSIGN(seal, Seal::open(options_.key, header));
  }
  const std::string bytes = encode(header);
  TRY_ASSIGN(auto file, os::open_flags(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0600));
  if (auto written = os::write_all(file.get(), bytes); !written) {
    // What could not be written is not kept; a name that cannot be removed either is removed by the next open().
    if (auto removed = os::remove_file(path); !removed) return written;
    return written;
  }
  if (segment_ && dirty_) full_.push_back(std::move(segment_));
  segment_ = std::move(file);
  sequence_ = sequence;
  seed_ = header.seed;
  seal_ = std::move(seal);
  counter_ = 0;
  size_ = bytes.size();
  excess_ = false;
  dirty_ = named_ = true;
  return {};
}

Result<> Writer::append(Kind kind, std::string_view payload, WallTime time) {
  BERTH_CHECK(payload.size() <= max_payload_bytes);
  TRY(cut_excess());
  const std::int64_t time_ns = time.time_since_epoch().count();
  if (size_ >= options_.segment_bytes && !ended_) {
    TRY(begin_segment(sequence_ + 1, time_ns));
    if (options_.max_bytes != 0) (void)trim(dir_, options_.max_bytes);  // see the header: a failure is no loss
  }
  const std::string_view head = encode_record(kind, payload, time_ns);
  const std::string_view body = seal_ ? std::string_view() : payload;
  if (auto written = os::writev_all(segment_.get(), {head, body}); !written) {
    excess_ = true;
    if (auto cut = cut_excess(); !cut) return written;  // cut again before the next append; the first cause is told
    return written;
  }
  size_ += head.size() + body.size();
  tag_ = next_tag_;
  dirty_ = true;
  ended_ = ended_ || kind == Kind::Exit;
  if (is_bytes(kind)) end_ += payload.size();
  return {};
}

// The record; of one that is not sealed, what stands before the payload. Each attempt to write has a counter of its own,
// since one that failed may have left bytes on the disk.
std::string_view Writer::encode_record(Kind kind, std::string_view payload, std::int64_t time_ns) {
  const RecordHeader header{.kind = kind, .offset = end_, .time_ns = time_ns};
  if (!seal_) {
    head_ = encode(header, payload, seed_);
    return {head_.data(), head_.size()};
  }
  next_tag_ = tag_;
  return seal_->seal_record(header, payload, counter_++, next_tag_, seed_);
}

Result<> Writer::cut_excess() {
  if (!excess_) return {};
  TRY(os::truncate(segment_.get(), size_));
  excess_ = false;
  return {};
}

Result<> Writer::sync() {
  TRY_ASSIGN(const auto files, take_unsynced());
  for (const auto& file : files) TRY(os::sync_data(file.get()));
  return {};
}

Result<std::vector<UniqueFd>> Writer::take_unsynced() {
  std::vector<UniqueFd> files;
  if (!dirty_ && full_.empty() && !named_) return files;
  if (dirty_) {
    TRY_ASSIGN(auto file, os::duplicate(segment_.get()));
    files.push_back(std::move(file));
  }
  if (named_) {
    TRY_ASSIGN(auto directory, os::open_directory(dir_));
    files.push_back(std::move(directory));
  }
  if (fresh_) {
    TRY_ASSIGN(auto parent, os::open_directory(dir_.parent_path()));  // it holds the journal's own name
    if (!options_.key.empty()) {
      auto key = os::open_read(dir_ / key_file_name);  // absent when whoever made it keeps it elsewhere
      if (!key && key.error().code != Code::NotFound) return pass(std::move(key).error());
      if (key) files.push_back(*std::move(key));
    }
    files.push_back(std::move(parent));
    fresh_ = false;
  }
  for (auto& file : full_) files.push_back(std::move(file));
  full_.clear();
  dirty_ = named_ = false;
  return files;
}

}  // namespace berth::journal
