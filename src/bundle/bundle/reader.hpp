#pragma once
// Reads a bundle that a stranger made: what is given out is only true once everything was verified.
//
// open() reads the manifest and checks its signature: then it is known who made it (for a list of those that are known:
// bundle/known_signers.hpp) and what must follow. read() gives the parts in order, piece by piece, and compares every byte that is
// no part's with the one that the writer would have put there. The caller keeps what it is given apart until read()
// succeeded, and throws it away otherwise.
//
// Owner: the descriptor stays the caller's; a pipe will do. Memory: the manifest, 8 MiB and a piece. Thread: one. Blocks.
// Errors: Damaged (truncated, changed, a wrong or no signature, a part that is missing, doubled, additional or a link),
// InvalidArgument (no bundle), Unsupported (newer), TooLarge (Limits), and those of `take`.
//
// Example (int fd):
//   TRY_ASSIGN(auto reader, bundle::Reader::open(fd, {}));
//   const auto& manifest = reader.manifest();  // signed
//   TRY(reader.read([](const bundle::Part&, std::string_view piece) -> Result<> {
//     if (piece.empty()) { /* the part is whole, and its hash is right */ }
//     return {};
//   }));

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "bundle/manifest.hpp"
#include "bundle/packing.hpp"

namespace berth::bundle {

// Pieces of a part, none of them empty; then an empty one when it is whole.
using Take = std::function<Result<>(const Part& part, std::string_view piece)>;

class Reader {
 public:
  static Result<Reader> open(int fd, const Limits& limits);
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  Result<> read(const Take& take);  // once; to the end of the file

 private:
  Reader(int fd, const Limits& limits) : limits_(limits), source_(fd, limits) {}
  Result<> read_head();
  Result<std::string> first_member();
  Result<> expect_header(std::string_view name, std::uint64_t bytes);
  Result<> expect_zeros(std::size_t count);
  Result<> read_part(const Part& part, const Take& take);

  Limits limits_;
  Unpacker source_;
  Manifest manifest_;
};

}  // namespace berth::bundle
