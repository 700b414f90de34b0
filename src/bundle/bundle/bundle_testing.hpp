#pragma once
// For tests of this room: bundles as bytes, made well or ill.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bundle/members.hpp"
#include "bundle/packing.hpp"
#include "bundle/reader.hpp"
#include "bundle/tar.hpp"
#include "bundle/writer.hpp"
#include "os/scratch_dir.hpp"

namespace berth::bundle::testing {

using Contents = std::vector<std::pair<std::string, std::string>>;  // name and bytes of each part

inline crypto::SigningKey some_key(char byte = 'k') { return crypto::SigningKey(crypto::Secret(std::string(32, byte))); }
inline std::string hex_of(std::string_view bytes) { return crypto::hex(std::as_bytes(std::span(bytes))); }

inline Manifest manifest_of(const Contents& contents, const crypto::SigningKey& key) {
  Manifest out{.made = WallTime(std::chrono::seconds{1'700'000'000}), .signer = {.key = hex_of(key.public_key()), .name = "ada's laptop"},
               .parts = {}, .about = {{"title", "Plan"}}};
  for (const auto& [name, bytes] : contents) out.parts.push_back(part_of(name, "document", bytes));
  return out;
}

// One file, written again and again.
class File {
 public:
  int empty() {
    fd_ = UniqueFd();
    (void)os::remove_file(path());
    fd_ = *os::create_new(path());
    return fd_.get();
  }
  [[nodiscard]] std::string bytes() const { return *os::read_file(path(), 1 << 30); }
  UniqueFd holding(std::string_view bytes) {
    must(os::write_all(empty(), bytes));
    return *os::open_read(path());
  }
  [[nodiscard]] os::Path path() const { return dir_ / "file"; }

 private:
  static void must(const Result<>& result) {
    if (!result) std::abort();
  }
  os::ScratchDir dir_;
  UniqueFd fd_;
};

inline Result<std::string> pack(File& file, const Contents& contents, const crypto::SigningKey& key = some_key(), std::size_t piece = 1000) {
  TRY_ASSIGN(auto writer, Writer::open(file.empty(), manifest_of(contents, key), key));
  std::string all;
  for (const auto& content : contents) all += content.second;
  for (std::size_t at = 0; at < all.size(); at += piece) TRY(writer.write(std::string_view(all).substr(at, piece)));
  TRY(writer.finish());
  return file.bytes();
}

struct Unpacked {
  Manifest manifest;
  Contents contents;
};
inline Result<Unpacked> unpack(int fd, const Limits& limits = {}) {
  TRY_ASSIGN(auto reader, Reader::open(fd, limits));
  Unpacked out{.manifest = reader.manifest(), .contents = {}};
  std::string bytes;
  TRY(reader.read([&](const Part& part, std::string_view piece) -> Result<> {
    bytes += piece;
    if (piece.empty()) out.contents.emplace_back(part.name, std::exchange(bytes, {}));
    return {};
  }));
  return out;
}
inline Result<Unpacked> unpack(File& file, std::string_view bytes, const Limits& limits = {}) {
  const auto fd = file.holding(bytes);
  return unpack(fd.get(), limits);
}

// Any members, packed: what a writer would not make.
inline std::string packed(File& file, const std::string& tar) {
  Packer packer(file.empty(), 3);
  if (!packer.write(tar) || !packer.finish()) std::abort();
  return file.bytes();
}
inline std::string member(std::string header, std::string_view bytes) {
  return header.append(bytes).append(tar_padding(bytes.size()), '\0');
}
inline std::string member(const Manifest& manifest, std::string_view name, std::string_view bytes) {
  return member(tar_header(name, bytes.size(), manifest.made), bytes);
}
// The head of a bundle with this manifest, well signed.
inline std::string head_of(const Manifest& manifest, const crypto::SigningKey& key = some_key()) {
  const std::string text = encode(manifest);
  return member(manifest, manifest_name, text) +
         member(manifest, signature_name, hex_of(key.sign(signature_context, text)) + "\n");
}
inline const std::string tar_end(2 * tar_block, '\0');

}  // namespace berth::bundle::testing
