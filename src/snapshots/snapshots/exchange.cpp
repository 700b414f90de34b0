#include "snapshots/exchange.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "bundle/reader.hpp"
#include "os/file.hpp"

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

Result<std::unique_ptr<BundleStream>> BundleStream::open(Content content, const crypto::SigningKey& key, std::string signer_name,
                                                         const bundle::Limits& limits) {
  UniqueFd room(memfd_create("berth bundle", MFD_CLOEXEC));
  if (!room) return fail_errno(errno, "memfd_create", "bundle");
  bundle::Manifest manifest = content.manifest();
  manifest.signer.name = std::move(signer_name);
  TRY_ASSIGN(auto writer, bundle::Writer::open(room.get(), std::move(manifest), key, limits));
  return std::unique_ptr<BundleStream>(new BundleStream(std::move(content), std::move(room), std::move(writer)));
}

Result<> BundleStream::step() {
  const auto& parts = content_.manifest().parts;
  if (!part_ && index_ == parts.size()) {
    ended_ = true;
    return writer_.finish();
  }
  if (!part_) {
    TRY_ASSIGN(auto part, content_.open_part(parts[index_++].name));
    part_.emplace(std::move(part));
  }
  TRY_ASSIGN(const auto piece, part_->next());
  if (piece) return writer_.write(*piece);
  part_.reset();
  return {};
}

// The compressor keeps some back: a step may have nothing to give yet.
Result<std::optional<std::string>> BundleStream::next() {
  while (!ended_) {
    TRY(step());
    TRY_ASSIGN(const auto state, os::stat_fd(room_.get()));
    if (state.st_size == 0) continue;
    std::string out(static_cast<std::size_t>(state.st_size), '\0');
    TRY(os::pread_full(room_.get(), out, 0));
    TRY(os::truncate(room_.get(), 0));
    if (lseek(room_.get(), 0, SEEK_SET) != 0) return fail_errno(errno, "lseek", "bundle");
    return out;
  }
  return std::nullopt;
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
  return Imported{.sum = std::move(sum), .signer = manifest.signer, .about = manifest.about};
}

}  // namespace berth::snapshots
