#pragma once
// Appends to a terminal's journal. The shim is the one writer; readers (journal/cursor.hpp) are other processes.
//
// Problem: output must be in the kernel's hands before anybody is told of it, at the price of one system call, and a full
// disk, a kill between any two steps or a power loss must leave a journal that reads well up to some record.
// Owner: one object per terminal, and one process that has it: the shim that started the terminal. Thread: one.
// With a key records are sealed; without one they are not. With max_bytes the oldest segments go when a new one begins, so
// that the journal keeps its limit while no server runs; a removal that fails is tried again with the next segment.
// Errors: NoSpace when the disk is full: nothing of that record stays behind, and the same append may be tried again.
// AlreadyExists when create() finds a journal. Anything else from the system as it is.
// Limits: a payload has at most max_payload_bytes. Durability: append() survives the process, not the machine; sync(), or
// an fdatasync of what take_unsynced() gives, makes it survive the machine. Files are 0600, the directory 0700.
//
// Example (const std::filesystem::path& dir, const TerminalId& id, const Clock& clock):
//   #include "base/clock.hpp"
//   TRY_ASSIGN(auto writer, journal::Writer::create(dir, id, {}, clock.now()));
//   TRY(writer.append(journal::Kind::Output, "hello\r\n", clock.now()));
//   TRY(writer.sync());

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "journal/format.hpp"
#include "journal/key.hpp"
#include "journal/seal.hpp"

namespace berth::journal {

struct WriterOptions {
  std::uint64_t segment_bytes = 16 << 20;  // a new segment begins once one is larger
  std::uint64_t max_bytes = 0;             // of all files of the journal; 0: no limit
  Key key = {};                            // empty: not sealed
};

class Writer {
 public:
  // A new journal. `dir` is made when it is absent; its parent must exist.
  static Result<Writer> create(const std::filesystem::path& dir, const TerminalId& id, WriterOptions options, WallTime now);
  // Goes on with a journal. A torn tail of the run before is cut off; damage in the middle stays for readers to report.
  static Result<Writer> open(const std::filesystem::path& dir, WriterOptions options = {});

  Writer(Writer&&) noexcept = default;
  Writer& operator=(Writer&&) noexcept = default;

  Result<> append(Kind kind, std::string_view payload, WallTime time);
  [[nodiscard]] ByteOffset end() const { return end_; }
  // Bytes that open() cut off behind the last good record; 0 when the journal was whole.
  [[nodiscard]] std::uint64_t torn_bytes() const { return torn_bytes_; }

  // Waits for the disk. For an owner that must not wait: descriptors to fdatasync elsewhere, of every segment that was
  // written since the last call; empty when there is nothing to do.
  Result<> sync();
  [[nodiscard]] Result<std::vector<UniqueFd>> take_unsynced();

 private:
  Writer() = default;
  Result<> recover(const SegmentName& name);
  std::string_view encode_record(Kind kind, std::string_view payload, std::int64_t time_ns);
  Result<> begin_segment(std::uint32_t sequence, std::int64_t now_ns);
  Result<> cut_excess();

  std::filesystem::path dir_;
  std::string terminal_id_;
  WriterOptions options_;
  UniqueFd segment_;
  std::uint32_t sequence_ = 0;     // of the segment
  std::uint64_t seed_ = 0;
  std::optional<Seal> seal_;       // of the segment
  std::uint64_t counter_ = 0;      // of the next attempt to write in it
  Tag tag_{}, next_tag_{};         // of the last record, of the one that is being written
  RecordHeaderBytes head_{};       // of a record that is not sealed
  std::uint64_t size_ = 0;         // of the segment, in whole records
  bool excess_ = false;            // bytes of a failed append may stand behind size_
  bool ended_ = false;             // an exit record was written: no new segment
  bool dirty_ = false;
  bool fresh_ = false;             // the directory's name in its parent, and the key, were not synced yet
  bool named_ = false;             // a segment was made since the directory was last synced
  ByteOffset end_;
  std::int64_t last_time_ns_ = 0;  // as open() found it
  std::uint64_t torn_bytes_ = 0;
  std::vector<UniqueFd> full_;     // earlier segments that were not synced yet
};

}  // namespace berth::journal
