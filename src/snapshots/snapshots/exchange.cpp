#include "snapshots/exchange.hpp"

#include "bundle/reader.hpp"
#include "bundle/writer.hpp"

namespace berth::snapshots {

Result<> export_content(const Content& content, int fd, const crypto::SigningKey& key, std::string signer_name,
                        const bundle::Limits& limits) {
  bundle::Manifest manifest = content.manifest();
  manifest.signer.name = std::move(signer_name);
  TRY_ASSIGN(auto writer, bundle::Writer::open(fd, std::move(manifest), key, limits));
  for (const auto& part : content.manifest().parts)
    TRY(content.read(part.name, [&](std::string_view piece) { return writer.write(piece); }));
  return writer.finish();
}

Result<Imported> import_bundle(int fd, const std::filesystem::path& dir, const SnapshotId& id, const crypto::MachineKeys& keys,
                               CaptureOptions options) {
  TRY_ASSIGN(auto reader, bundle::Reader::open(fd, options.limits));
  TRY_ASSIGN(auto capture, Capture::begin(dir, id, keys, std::move(options)));
  bool within = false;
  TRY(reader.read([&](const bundle::Part& part, std::string_view piece) -> Result<> {
    if (!within) TRY(capture.begin_part(part.name, part.kind));
    within = !piece.empty();
    return within ? capture.write(piece) : Result<>();
  }));
  const auto& manifest = reader.manifest();
  TRY_ASSIGN(auto sum, capture.finish(manifest.about, manifest.made));
  return Imported{.sum = std::move(sum), .signer = manifest.signer};
}

}  // namespace berth::snapshots
