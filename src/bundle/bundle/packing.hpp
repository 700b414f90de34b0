#pragma once
// Bytes through zstd, to and from a descriptor, as a stream of one frame with a checksum.
//
// Problem: what comes out may be a million times what goes in. The reader asks for as much as it wants to have, memory for
// the frame's window is limited (window_log), and Limits::ratio bounds what comes out for what went in.
// Owner: the descriptor stays the caller's. Blocks. Thread: one. Errors: Damaged (no frame, ends too early, fails its check,
// more behind it), TooLarge (the ratio), and the descriptor's.
//
// Source: zstd 1.5, RFC 8878.
//
// Example (int from, int to):
//   #include <string>
//   bundle::Packer packer(to, 3);
//   TRY(packer.write("bytes"));
//   TRY(packer.finish());
//   bundle::Unpacker unpacker(from, {});
//   std::string piece(5, '\0');
//   TRY(unpacker.read(piece));
//   TRY(unpacker.expect_end());

#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "bundle/manifest.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace berth::bundle {

class Packer {
 public:
  explicit Packer(int fd, int level);
  Result<> write(std::string_view bytes);
  Result<> finish();  // the frame's end; nothing is synced

 private:
  Result<> run(std::string_view bytes, bool last);
  struct Free { void operator()(ZSTD_CCtx_s* context) const; };
  int fd_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string out_;
};

class Unpacker {
 public:
  Unpacker(int fd, const Limits& limits);
  Result<> read(std::span<char> into);  // all of it, or an error
  Result<> expect_end();                // the frame and the file end here

 private:
  static constexpr int window_log = 23;  // 8 MiB
  Result<bool> refill();                 // false: the file ends
  struct Free { void operator()(ZSTD_DCtx_s* context) const; };
  int fd_;
  Limits limits_;
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
  std::string in_;
  std::size_t at_ = 0, size_ = 0;        // of in_: what is not unpacked yet
  std::uint64_t packed_ = 0, unpacked_ = 0;
  bool ended_ = false;
};

}  // namespace berth::bundle
