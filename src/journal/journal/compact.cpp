#include "journal/compact.hpp"

#include <optional>

#include "journal/segment.hpp"
#include "os/exchange.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

using Found = SegmentReader::Found;

constexpr std::uint64_t least_bytes = 4096;  // a smaller file takes a block of the disk anyway
constexpr std::string_view temporary_suffix = ".compact";

// The records of a segment as one number, to compare its two forms.
class Fingerprint {
 public:
  void add(const Record& record) {
    const auto head = encode_unchecked(record.header, record.payload.size());
    value_ = checksum_of(record.payload, checksum_of({head.data(), head.size()}, value_));
  }
  bool operator==(const Fingerprint&) const = default;

 private:
  std::uint64_t value_ = 0;
};

Result<> read_records(SegmentReader& reader, const std::function<Result<>(const Record&)>& each) {
  for (;;) {
    TRY_ASSIGN(const auto found, reader.look());
    if (found == Found::End) return {};
    if (found != Found::Record) return fail(Code::Damaged, "A segment of a journal is damaged; it stays as it is.");
    TRY(each(reader.record()));
    reader.advance();
  }
}

class Compaction {
 public:
  Compaction(const std::filesystem::path& dir, const Key& key, const CompactStep& step) : dir_(dir), key_(key), step_(step) {}

  Result<> segment(const SegmentName& name, Compacted& done) {
    const auto path = dir_ / to_string(name);
    const auto temporary = std::filesystem::path(path.native() + std::string(temporary_suffix));
    TRY(at("open"));
    auto opened = SegmentReader::open(dir_, name, key_);
    if (!opened && opened.error().code == Code::NotFound) return {};  // removed meanwhile
    TRY_ASSIGN(auto reader, std::move(opened));
    if (!reader || reader->header().compact) return {};
    TRY_ASSIGN(const auto before, os::stat_path(path));
    if (static_cast<std::uint64_t>(before.st_size) < least_bytes) return {};
    auto written = write(*reader, temporary);
    if (!written) {
      TRY(os::remove_file(temporary));
      return written;
    }
    TRY_ASSIGN(const auto after, os::stat_path(temporary));
    if (after.st_size < before.st_size) {
      auto exchanged = at("exchange");
      if (exchanged) exchanged = os::exchange_paths(temporary, path);
      if (!exchanged && exchanged.error().code == Code::Cancelled) TRY(os::remove_file(temporary));
      if (!exchanged && exchanged.error().code != Code::NotFound) return exchanged;
      if (exchanged) {
        ++done.segments;
        done.before += static_cast<std::uint64_t>(before.st_size);
        done.after += static_cast<std::uint64_t>(after.st_size);
      }
    }
    TRY(at("remove"));  // what has this name now: the old form, or a new one that is not wanted
    return os::remove_file(temporary);
  }

 private:
  Result<> at(std::string_view next) const {
    if (step_ && !step_(next)) return fail(Code::Cancelled, "The compaction of a journal was interrupted.");
    return {};
  }

  Result<> write(SegmentReader& reader, const std::filesystem::path& temporary) {
    TRY_ASSIGN(auto builder, FrameBuilder::open(reader.header(), key_));
    TRY(os::remove_file(temporary));
    TRY(at("create"));
    TRY_ASSIGN(const auto file, os::create_new(temporary, 0600));
    TRY(os::write_all(file.get(), builder.header()));
    Fingerprint expected;
    FrameEnd end{.end = reader.name().first};
    TRY(read_records(reader, [&](const Record& record) -> Result<> {
      expected.add(record);
      end.end = record.end();
      end.time_ns = record.header.time_ns;
      const auto frame = builder.add(record.header, record.payload);
      if (frame.empty()) return {};
      TRY(at("frame"));
      return os::write_all(file.get(), frame);
    }));
    end.tag = reader.link().value_or(Tag{});
    TRY(at("finish"));
    TRY(os::write_all(file.get(), builder.finish(end)));
    TRY(at("sync"));
    TRY(os::sync_data(file.get()));
    TRY(at("compare"));
    return compare(reader.name(), temporary, expected);
  }

  Result<> compare(const SegmentName& name, const std::filesystem::path& temporary, const Fingerprint& expected) const {
    TRY_ASSIGN(auto reader, SegmentReader::open_file(temporary, name, key_));
    if (!reader) return fail(Code::Damaged, "A compact segment was cut short as it was written.");
    Fingerprint found;
    TRY(read_records(*reader, [&](const Record& record) -> Result<> {
      found.add(record);
      return {};
    }));
    if (found != expected) return fail(Code::Damaged, "A compact segment is not what it was made from; the plain one stays.");
    return {};
  }

  const std::filesystem::path& dir_;
  const Key& key_;
  const CompactStep& step_;
};

// What a crash left: a half-made compact form, or a plain one that was just exchanged.
Result<> remove_leftovers(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> left;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().native().ends_with(temporary_suffix)) left.push_back(entry->path());
  if (error) return fail_errno(error.value(), "list", dir);
  for (const auto& path : left) TRY(os::remove_file(path));
  return {};
}

}  // namespace

Result<Compacted> compact(const std::filesystem::path& dir, const Key& key, Last last, const CompactStep& step) {
  TRY(remove_leftovers(dir));
  TRY_ASSIGN(auto names, list_segments(dir));
  if (last == Last::StillWritten && !names.empty()) names.pop_back();
  Compacted done;
  Result<> first;
  Compaction compaction(dir, key, step);
  for (const SegmentName& name : names) {
    auto result = compaction.segment(name, done);
    if (!result && first) first = std::move(result);
    if (!first && first.error().code == Code::Cancelled) break;
  }
  if (done.segments > 0) TRY(os::sync_directory(dir));
  if (!first) return pass(std::move(first).error());
  return done;
}

}  // namespace berth::journal
