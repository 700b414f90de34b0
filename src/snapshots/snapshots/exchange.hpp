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

#include <string>

#include "base/result.hpp"
#include "bundle/manifest.hpp"
#include "crypto/signing.hpp"
#include "snapshots/capture.hpp"

namespace berth::snapshots {

// The caller syncs the file and gives it its name.
Result<> export_content(const Content& content, int fd, const crypto::SigningKey& key, std::string signer_name,
                        const bundle::Limits& limits);

struct Imported {
  Sum sum;
  bundle::Signer signer;
};
Result<Imported> import_bundle(int fd, const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                               CaptureOptions options);

}  // namespace berth::snapshots
