#pragma once
// Writes a bundle: one file that holds an export, which another Berth can verify.
//
// A bundle is a tar archive (`tar --zstd -xf` unpacks it) of `manifest.json`, `manifest.sig` and each part as `parts/<name>`, in
// the manifest's order. The signature is the installation's over the manifest, which has the hash of every part: so sizes and
// hashes are known before the first byte is written, and the parts then stream through.
//
//   file   zstd frame with checksum ( tar ( manifest.json | manifest.sig: 128 hexadecimal digits, line feed | parts/<name> … ) )
//          tar: ustar headers as bundle/tar.hpp has them, times as in the manifest, two blocks of zeros at the end
//
// Owner: the descriptor stays the caller's, who syncs it and gives it its name. Thread: one. Blocks.
// Errors: InvalidArgument and TooLarge as check_manifest; FailedPrecondition: a part is not what the manifest says of it, or
// is missing; the descriptor's (NoSpace).
//
// Example (int fd, bundle::Manifest manifest, const crypto::SigningKey& key, std::string_view bytes):
//   manifest.parts = {bundle::part_of("document.json", "document", bytes)};
//   TRY_ASSIGN(auto writer, bundle::Writer::open(fd, manifest, key));  // sets the manifest's signer.key
//   TRY(writer.write(bytes));                                          // as often as wanted
//   TRY(writer.finish());

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "bundle/manifest.hpp"
#include "bundle/packing.hpp"
#include "crypto/crypto.hpp"
#include "crypto/signing.hpp"

namespace berth::bundle {

[[nodiscard]] Part part_of(std::string name, std::string kind, std::string_view bytes);

class Writer {
 public:
  static Result<Writer> open(int fd, Manifest manifest, const crypto::SigningKey& key, const Limits& limits = {}, int level = 3);
  // The parts' bytes, one part behind the other; a piece may end one and begin the next.
  Result<> write(std::string_view bytes);
  Result<> finish();
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }

 private:
  Writer(int fd, Manifest manifest, int level) : manifest_(std::move(manifest)), packer_(fd, level) {}
  Result<> member(std::string_view name, std::string_view bytes);
  Result<> end_parts();  // those that are whole by now; begins the next
  Manifest manifest_;
  Packer packer_;
  std::size_t index_ = 0;
  std::uint64_t left_ = 0;
  bool begun_ = false;
  crypto::Sha256 hash_;
};

}  // namespace berth::bundle
