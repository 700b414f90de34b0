#pragma once
// One part of a snapshot on disk: a stream of any length, sealed, of which every byte is checked before it is given out.
//
//   file    magic "BERTHPRT" 8 | version u32 | algorithm u32 | salt 16 | chunks
//   chunk   up to chunk_bytes, sealed, and a tag 16. All but the last are full; the last may be empty
//           key: from the snapshot's and the salt; nonce: its index; associated: the 32 bytes before, and whether it is the last
//
// So a chunk that was changed, moved, left out or cut off is noticed, and so is one of another part. Numbers are little endian.
// Owner: the descriptor. Thread: one. Blocks. Errors: RecordDamaged, Unsupported (a newer version), the file's (NoSpace).
//
// Example (const std::filesystem::path& path, std::string_view key, const std::function<Result<>(std::string_view)>& take):
//   TRY_ASSIGN(auto writer, snapshots::PartWriter::create(path, key));
//   TRY(writer.write("bytes"));
//   TRY(writer.finish());                              // on disk
//   TRY(snapshots::read_part_file(path, key, take));   // piece by piece
//   TRY_ASSIGN(auto reader, snapshots::PartReader::open(path, key));
//   TRY_ASSIGN(const bool more, reader.next());         // the same, at the pace of who asks
//   if (more) TRY(take(reader.piece()));

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "crypto/aead.hpp"

namespace berth::snapshots {

inline constexpr std::size_t chunk_bytes = 64 << 10;

class PartWriter {
 public:
  static Result<PartWriter> create(const std::filesystem::path& path, std::string_view key);  // AlreadyExists when it is there
  Result<> write(std::string_view bytes);
  Result<> finish();  // synced; its name is not

 private:
  PartWriter(UniqueFd fd, crypto::Aead aead, std::string head) : fd_(std::move(fd)), aead_(std::move(aead)), head_(std::move(head)) {}
  Result<> seal(std::string_view plain, bool last);
  UniqueFd fd_;
  crypto::Aead aead_;
  std::string head_, waiting_, sealed_;
  std::uint64_t index_ = 0;
};

class PartReader {
 public:
  static Result<PartReader> open(std::filesystem::path path, std::string_view key);
  Result<bool> next();  // false: piece() was the last, and the file ended as it should; no piece then
  [[nodiscard]] const std::string& piece() const { return plain_; }  // until the next call

 private:
  PartReader(std::filesystem::path path, UniqueFd fd, std::uint64_t size, crypto::Aead aead, std::string head)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size), aead_(std::move(aead)), head_(std::move(head)), at_(head_.size()) {}
  std::filesystem::path path_;
  UniqueFd fd_;
  std::uint64_t size_;
  crypto::Aead aead_;
  std::string head_, sealed_, plain_;
  std::uint64_t at_, index_ = 0;
  bool ended_ = false;
};

Result<> read_part_file(const std::filesystem::path& path, std::string_view key, const std::function<Result<>(std::string_view)>& take);

}  // namespace berth::snapshots
