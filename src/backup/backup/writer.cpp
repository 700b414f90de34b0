#include "backup/writer.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "os/file.hpp"

namespace berth::backup {
namespace {

constexpr std::size_t piece_bytes = 256 << 10;

}  // namespace

void Parts::begin(const Member& member) {
  const auto name = to_utf8(std::string_view(member.path).substr(0, member.path.find('/')));
  if (name != name_) {
    end();
    name_ = name;
  }
  ++files_;
}

void Parts::add(std::string_view bytes) {
  hash_.update(bytes);
  bytes_ += bytes.size();
  total_ += bytes.size();
}

void Parts::end() {
  if (files_ > 0) parts_.push_back({.name = name_, .files = files_, .bytes = bytes_, .sha256 = crypto::hex(hash_.finish())});
  hash_ = crypto::Sha256();
  files_ = bytes_ = 0;
}

std::vector<Part> Parts::finish() {
  end();
  return std::move(parts_);
}

Result<> Writer::write(std::string_view bytes) {
  parts_.add(bytes);
  TRY(packer_.write(bytes));
  if (progress_) progress_(parts_.name(), parts_.bytes());
  return {};
}

Result<> Writer::pad(std::uint64_t bytes) { return write(std::string(padding(bytes), '\0')); }

Result<> Writer::add(Member member, std::string_view bytes) {
  member.bytes = bytes.size();
  parts_.begin(member);
  TRY(write(encode(member)));
  TRY(write(bytes));
  return pad(bytes.size());
}

Result<bool> Writer::add_file(const Member& member, int fd) {
  parts_.begin(member);
  TRY(write(encode(member)));
  std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(member.bytes, piece_bytes)), '\0');
  bool shorter = false;
  for (std::uint64_t at = 0; at < member.bytes; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(member.bytes - at, piece_bytes)));
    std::size_t size = 0;
    if (!shorter) {
      TRY_ASSIGN(size, os::pread_full(fd, piece, at));
    }
    shorter = shorter || size < piece.size();
    std::fill(piece.begin() + static_cast<std::ptrdiff_t>(size), piece.end(), '\0');
    TRY(write(piece));
  }
  TRY(pad(member.bytes));
  return shorter;
}

Result<Manifest> Writer::finish(Manifest manifest, const crypto::SigningKey& key) {
  manifest.parts = parts_.finish();
  manifest.signer = crypto::hex(std::as_bytes(std::span(key.public_key())));
  const std::string text = encode(manifest);
  const auto signature = key.sign(signature_context, text);
  const std::string digits = crypto::hex(std::as_bytes(std::span(signature))) + "\n";
  TRY(packer_.write(encode(Member{.path = std::string(manifest_name), .bytes = text.size()}) + text + std::string(padding(text.size()), '\0')));
  TRY(packer_.write(encode(Member{.path = std::string(signature_name), .bytes = digits.size()}) + digits +
                    std::string(padding(digits.size()), '\0')));
  TRY(packer_.write(std::string(2 * block_bytes, '\0')));
  TRY(packer_.finish());
  return manifest;
}

}  // namespace berth::backup
