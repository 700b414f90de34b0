#pragma once
// A snapshot's content on disk: parts under names, written once, whole or not there at all.
//
// Problem: a capture takes a while, and whatever ends it half way (a kill, a full disk, an error of who captures) must leave
// neither a snapshot that looks whole nor files that nobody removes. A capture is made in a directory of another name, which
// gets its own when everything in it is on disk; sweep() at the start removes what never became a snapshot.
//
//   <snapshots>/<id>/           0700, immutable
//     key                       the snapshot's key, wrapped by the machine's (crypto/machine_keys.hpp)
//     manifest                  sealed as a part: canonical JSON, the list of parts: bundle/manifest.hpp without a signer
//     <64 digits>               a part (snapshots/part_file.hpp), named by a keyed hash of its content: two that are equal are
//                               one file, and the name tells nothing to who has not the key
//   <snapshots>/.making-<id>/   one that is being made
//
// Threads: one for each object. Blocks: for a pool. Errors: TooLarge (Limits), RecordDamaged, NotFound, those of MachineKeys
// and of files (NoSpace). A Capture that is destroyed before finish() removes what it made.
//
// Example (const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys):
//   TRY_ASSIGN(auto capture, snapshots::Capture::begin(dir, id, keys, {}));
//   TRY(capture.begin_part("document.json", "document"));
//   TRY(capture.write("{}"));
//   TRY_ASSIGN(const auto sum, capture.finish({}, WallTime{}));       // durable; sum.manifest is what its row keeps
//   TRY_ASSIGN(const auto content, snapshots::Content::open(dir, id, keys, sum.manifest));
//   TRY(content.read("document.json", [](std::string_view) -> Result<> { return {}; }));

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "bundle/manifest.hpp"
#include "crypto/crypto.hpp"
#include "crypto/machine_keys.hpp"
#include "snapshots/part_file.hpp"

namespace berth::snapshots {

struct CaptureOptions {
  bundle::Limits limits;
  std::function<void(std::string_view step)> before;  // for tests: called before every step that changes the disk
};
struct Sum {
  std::string manifest;  // SHA-256 of the manifest, hex
  std::uint64_t bytes = 0, parts = 0;
};

class Capture {
 public:
  static Result<Capture> begin(const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                               CaptureOptions options);
  Capture(Capture&& other) noexcept;
  Capture& operator=(Capture&&) = delete;
  ~Capture();

  Result<> begin_part(std::string name, std::string kind);  // ends the one before; InvalidArgument: a name that is none or known
  Result<> write(std::string_view bytes);
  Result<Sum> finish(boost::json::object about, WallTime made);

 private:
  Capture(std::filesystem::path dir, SnapshotId id, CaptureOptions options);
  Result<> make(const crypto::MachineKeys& keys);
  Result<> end_part();
  void step(std::string_view name) const;

  std::filesystem::path dir_, making_;
  SnapshotId id_;
  CaptureOptions options_;
  crypto::Secret key_;
  bundle::Manifest manifest_;
  std::set<std::string, std::less<>> names_;
  std::optional<PartWriter> part_;
  crypto::Sha256 hash_;
  std::uint64_t bytes_ = 0;
  bool owns_ = false;  // making_ is there and ours
};

class Content {
 public:
  // `manifest`: what Sum said. RecordDamaged when what is there is another one.
  static Result<Content> open(const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                              std::string_view manifest);
  [[nodiscard]] const bundle::Manifest& manifest() const { return manifest_; }  // its signer is empty
  // Pieces in order; the part is only true when it succeeded. NotFound: no part of this name.
  Result<> read(std::string_view name, const std::function<Result<>(std::string_view)>& take) const;
  [[nodiscard]] Result<class PartStream> open_part(std::string_view name) const;

 private:
  std::filesystem::path dir_;
  crypto::Secret key_;
  bundle::Manifest manifest_;
};

// One part at the pace of who reads it. It needs the Content no more.
class PartStream {
 public:
  // Empty when the part ended and is what the list of parts says.
  Result<std::optional<std::string>> next();
  [[nodiscard]] const bundle::Part& part() const { return part_; }

 private:
  friend class Content;
  PartStream(PartReader reader, bundle::Part part) : reader_(std::move(reader)), part_(std::move(part)) {}
  PartReader reader_;
  bundle::Part part_;
  crypto::Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

// Absent is fine. A reader that has it open reads on.
Result<> remove_content(const std::filesystem::path& dir, const SnapshotId& id);
// Removes what was being made, and what is of those in `unfinished`: their rows say that their capture did not end. Everything
// else is left alone. Only while no capture runs.
Result<std::vector<std::string>> sweep(const std::filesystem::path& dir, const std::set<std::string>& unfinished);

}  // namespace berth::snapshots
