#pragma once
// Whether a journal is whole: every record of every segment read, its seal opened, its place in the row compared.
//
// Problem: before a journal is moved, or after a disk complained, a person wants to know what is there and what is not,
// with the server down as well. Nothing is changed. Thread: blocks for as long as reading all of it takes.
// Errors: NotFound (no such directory), Unsupported; damage is no error, it is what is reported.
//
// Example (const std::filesystem::path& dir, const journal::Key& key):
//   TRY_ASSIGN(const journal::CheckReport report, journal::check(dir, key));
//   if (!report.whole()) for (const auto& damage : report.damage) const std::string& what = damage.what;

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "journal/cursor.hpp"
#include "journal/format.hpp"
#include "journal/key.hpp"

namespace berth::journal {

struct SegmentReport {
  SegmentName name;
  bool sealed = false, compact = false;
  std::uint64_t disk_bytes = 0;    // of the file
  std::uint64_t output_bytes = 0;  // that were read from it
  std::uint64_t records = 0;
  std::uint64_t input_records = 0, input_bytes = 0;  // of them: what was typed, without sealing
};

struct Damage {
  SegmentName segment;
  std::uint64_t position = 0;  // among the segment's bytes, as SegmentReader counts
  ByteOffset begin, end;       // output that is lost; equal when no output is
  std::string what;
};

struct CheckReport {
  std::vector<SegmentReport> segments;
  std::vector<Damage> damage;     // at most max_damage
  std::uint64_t damages = 0;      // all of them
  std::uint64_t torn_bytes = 0;   // behind the last good record: an interrupted write, or one that is under way
  Range kept;
  bool ended = false;             // an exit is recorded
  static constexpr std::size_t max_damage = 1000;
  [[nodiscard]] bool whole() const { return damages == 0; }
};

Result<CheckReport> check(const std::filesystem::path& dir, const Key& key);

}  // namespace berth::journal
