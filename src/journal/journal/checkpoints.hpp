#pragma once
// What the screen was at an offset of a journal: an earlier screen is computed from the nearest one and not from byte 0.
//
// Problem: showing the screen of a terminal with a gigabyte of output takes the last checkpoint and what follows it. A
// checkpoint is worth only the time to make it again: none is waited for on disk, and one that is damaged is passed over.
// The server writes them, beside the segments: `screens/<offset>.screen`, 20 decimal digits, directory 0700, files 0600.
//
//   checkpoint  magic "BERTHSCR" | version u32 | algorithm u32 (as of segments) | terminal's directory name 32, zero padded |
//               offset u64 | time ns i64 | salt 16 | state bytes u32 | stored bytes u32 | checksum u64 (XXH3-64 of all before
//               it, then of the stored) | stored: zstd, or zstd encrypted and a tag 16 (key derived from all before the checksum)
//
// Owner: a path and the key. Thread: any, one writer. Limits: max_state_bytes. Errors: TooLarge; from the system.
//
// Example (const std::filesystem::path& dir, const journal::Key& key, WallTime now):
//   TRY_ASSIGN(const auto checkpoints, journal::Checkpoints::open(dir, key));
//   TRY(checkpoints.append({.offset = {1 << 20}, .time = now, .state = "what vt::save gave"}));
//   TRY_ASSIGN(const auto nearest, checkpoints.nearest(ByteOffset{3 << 20}));

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "journal/key.hpp"

namespace berth::journal {

struct Checkpoint {
  ByteOffset offset;   // all output before it is in the state
  WallTime time;
  std::string state;
};

class Checkpoints {
 public:
  static constexpr std::size_t max_state_bytes = 64 << 20;

  // `dir`: the journal's; NotFound when it is absent.
  static Result<Checkpoints> open(const std::filesystem::path& dir, const Key& key);

  Result<> append(const Checkpoint& checkpoint) const;  // replaces one of the same offset
  // The last one at or before the offset; empty when there is none, or none that is whole.
  [[nodiscard]] Result<std::optional<Checkpoint>> nearest(ByteOffset at_or_before) const;
  [[nodiscard]] Result<std::vector<ByteOffset>> list() const;  // in order
  // Those before `begin` go, since what follows them is gone; then the oldest, until max_bytes (0: no limit) are kept.
  // Returns the bytes that are kept.
  Result<std::uint64_t> trim(ByteOffset begin, std::uint64_t max_bytes) const;

 private:
  Checkpoints(std::filesystem::path dir, std::string name, Key key)
      : dir_(std::move(dir)), name_(std::move(name)), key_(std::move(key)) {}
  Result<Checkpoint> read(ByteOffset offset) const;

  std::filesystem::path dir_;
  std::string name_;  // of the terminal
  Key key_;
};

}  // namespace berth::journal
