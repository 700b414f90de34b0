#include "journal/check.hpp"

#include <algorithm>
#include <optional>

#include "journal/segment.hpp"
#include "os/file.hpp"

namespace berth::journal {
namespace {

using Found = SegmentReader::Found;

class Check {
 public:
  Check(const std::filesystem::path& dir, const Key& key) : dir_(dir), key_(key) {}

  Result<CheckReport> run() {
    TRY_ASSIGN(const auto names, list_segments(dir_));
    if (!names.empty()) report_.kept = {names.front().first, names.front().first};
    expected_ = report_.kept.begin;
    for (std::size_t i = 0; i < names.size(); ++i) TRY(segment(names[i], i + 1 == names.size()));
    report_.kept.end = expected_;
    return std::move(report_);
  }

 private:
  void damaged(const SegmentName& name, std::uint64_t position, ByteOffset until, std::string what) {
    ++report_.damages;
    if (report_.damage.size() < CheckReport::max_damage)
      report_.damage.push_back({.segment = name, .position = position, .begin = expected_, .end = std::max(expected_, until),
                                .what = std::move(what)});
    expected_ = std::max(expected_, until);
  }

  Result<> segment(const SegmentName& name, bool last) {
    const auto path = dir_ / to_string(name);
    const auto state = os::stat_path(path);
    if (!state && state.error().code == Code::NotFound) return {};  // removed meanwhile
    if (!state) return pass(state.error());
    SegmentReport& segment = report_.segments.emplace_back(
        SegmentReport{.name = name, .disk_bytes = static_cast<std::uint64_t>(state->st_size)});
    if (name.first != expected_) damaged(name, 0, name.first, "segments before this one are missing, or end early");
    auto opened = SegmentReader::open(dir_, name, key_);
    if (!opened && opened.error().code != Code::Damaged) return pass(std::move(opened).error());
    if (!opened || !*opened) {
      link_.reset();
      if (!opened) damaged(name, 0, name.first, opened.error().message);
      else if (!last) damaged(name, 0, name.first, "the header is cut short");
      else report_.torn_bytes = segment.disk_bytes;
      return {};
    }
    SegmentReader& reader = **opened;
    segment.sealed = reader.header().sealed();
    segment.compact = reader.header().compact;
    if (link_ && segment.sealed && *link_ != reader.header().link)
      damaged(name, 0, name.first, "the end of the segment before this one was cut off");
    TRY(records(reader, segment, last));
    link_ = reader.link();
    return {};
  }

  Result<> records(SegmentReader& reader, SegmentReport& segment, bool last) {
    for (;;) {
      TRY_ASSIGN(const auto found, reader.look());
      if (found == Found::End) return {};
      const std::uint64_t position = reader.position();
      if (found == Found::Record) {
        const Record& record = reader.record();
        if (record.header.offset > expected_) damaged(reader.name(), position, record.header.offset, "output before this record is missing");
        ++segment.records;
        if (record.header.kind == Kind::Input) {
          ++segment.input_records;
          segment.input_bytes += record.payload.size();
        }
        segment.output_bytes += record.end() - record.header.offset;
        report_.ended = report_.ended || record.header.kind == Kind::Exit;
        expected_ = std::max(expected_, record.end());
        reader.advance();
      } else if (found == Found::Misplaced) {
        damaged(reader.name(), position, expected_, "the record before this one was removed or exchanged");
        reader.forget_link();
      } else {
        TRY_ASSIGN(const bool more, reader.resync(expected_));
        if (more) {
          TRY(reader.look());
          damaged(reader.name(), position, reader.record().header.offset, "a record fails its check");
          continue;
        }
        reader.forget_link();
        if (!last || segment.compact) damaged(reader.name(), position, expected_, "nothing good follows in this segment");
        else report_.torn_bytes = segment.disk_bytes - std::min(segment.disk_bytes, position);
        return {};
      }
    }
  }

  const std::filesystem::path& dir_;
  const Key& key_;
  CheckReport report_;
  ByteOffset expected_;
  std::optional<Tag> link_;
};

}  // namespace

Result<CheckReport> check(const std::filesystem::path& dir, const Key& key) { return Check(dir, key).run(); }

}  // namespace berth::journal
