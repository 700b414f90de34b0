#include "bundle/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bundle/members.hpp"
#include "bundle/tar.hpp"

namespace berth::bundle {

Part part_of(std::string name, std::string kind, std::string_view bytes) {
  return {.name = std::move(name), .kind = std::move(kind), .bytes = bytes.size(), .sha256 = crypto::sha256_hex(bytes)};
}

Result<Writer> Writer::open(int fd, Manifest manifest, const crypto::SigningKey& key, const Limits& limits, int level) {
  manifest.signer.key = crypto::hex(std::as_bytes(std::span(key.public_key())));
  manifest.made = std::chrono::floor<std::chrono::seconds>(manifest.made);
  TRY(check_manifest(manifest, limits));
  const std::string head = encode(manifest);
  if (head.size() > limits.manifest_bytes)
    return fail(Code::TooLarge, fmt::format("The manifest has {} bytes; the limit is {}.", head.size(), limits.manifest_bytes));
  const std::string signature = key.sign(signature_context, head);
  Writer out(fd, std::move(manifest), level);
  TRY(out.member(manifest_name, head));
  TRY(out.member(signature_name, crypto::hex(std::as_bytes(std::span(signature))) + "\n"));
  TRY(out.end_parts());
  return out;
}

Result<> Writer::member(std::string_view name, std::string_view bytes) {
  TRY(packer_.write(tar_header(name, bytes.size(), manifest_.made)));
  TRY(packer_.write(bytes));
  return packer_.write(std::string(tar_padding(bytes.size()), '\0'));
}

Result<> Writer::end_parts() {
  while (index_ < manifest_.parts.size()) {
    const Part& part = manifest_.parts[index_];
    if (!begun_) {
      TRY(packer_.write(tar_header(member_name(part), part.bytes, manifest_.made)));
      hash_ = crypto::Sha256();
      left_ = part.bytes;
      begun_ = true;
    }
    if (left_ > 0) return {};
    if (crypto::hex(hash_.finish()) != part.sha256)
      return fail(Code::FailedPrecondition, fmt::format("The part \"{}\" is not what its hash says.", part.name));
    TRY(packer_.write(std::string(tar_padding(part.bytes), '\0')));
    begun_ = false;
    ++index_;
  }
  return {};
}

Result<> Writer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (index_ == manifest_.parts.size()) return fail(Code::FailedPrecondition, "There are more bytes than the parts have.");
    const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    hash_.update(piece);
    TRY(packer_.write(piece));
    left_ -= piece.size();
    bytes.remove_prefix(piece.size());
    TRY(end_parts());
  }
  return {};
}

Result<> Writer::finish() {
  if (index_ < manifest_.parts.size())
    return fail(Code::FailedPrecondition, fmt::format("The part \"{}\" is missing or short.", manifest_.parts[index_].name));
  TRY(packer_.write(std::string(2 * tar_block, '\0')));
  return packer_.finish();
}

}  // namespace berth::bundle
