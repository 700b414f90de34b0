#pragma once
// Snapshots between installations: a snapshot's content as a bundle, and a bundle as a snapshot's content.
//
// An export has the parts as they are, not sealed, signed by this installation. An import takes nothing for true before all of
// it was verified: it is a capture, which gets its name last. What it holds is what the other said: parts, time and `about`.
// Blocks: for a pool. Errors: those of bundle::Reader and Writer, of Capture and Content.
//
// Example (const snapshots::Content& content, int file, const crypto::SigningKey& key, const std::filesystem::path& dir,
//          const SnapshotId& id, const crypto::MachineKeys& keys):
//   TRY(snapshots::export_content(content, file, key, "ada's laptop", {}));
//   TRY_ASSIGN(const auto imported, snapshots::import_bundle(file, dir, id, keys, {}));
//   const std::string& public_key = imported.signer.key;  // for bundle::KnownSigners

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "bundle/manifest.hpp"
#include "bundle/writer.hpp"
#include "crypto/signing.hpp"
#include "snapshots/capture.hpp"

namespace berth::snapshots {

// The caller syncs the file and gives it its name.
Result<> export_content(const Content& content, int fd, const crypto::SigningKey& key, std::string signer_name,
                        const bundle::Limits& limits);

// The same at the pace of who reads it, piece by piece: neither a file nor the whole of it in memory.
class BundleStream {
 public:
  static Result<std::unique_ptr<BundleStream>> open(Content content, const crypto::SigningKey& key, std::string signer_name,
                                                    const bundle::Limits& limits);
  Result<std::optional<std::string>> next();  // empty: that was all

 private:
  BundleStream(Content content, UniqueFd room, bundle::Writer writer)
      : content_(std::move(content)), room_(std::move(room)), writer_(std::move(writer)) {}
  Result<> step();  // writes some of it into room_
  Content content_;
  UniqueFd room_;  // memory, emptied with each piece
  bundle::Writer writer_;
  std::optional<PartStream> part_;
  std::size_t index_ = 0;
  bool ended_ = false;
};

struct Imported {
  Sum sum;
  bundle::Signer signer;
  boost::json::object about;
};
Result<Imported> import_bundle(int fd, const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                               CaptureOptions options);

}  // namespace berth::snapshots
