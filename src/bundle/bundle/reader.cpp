#include "bundle/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bundle/members.hpp"
#include "bundle/tar.hpp"
#include "crypto/crypto.hpp"
#include "crypto/signing.hpp"

namespace berth::bundle {
namespace {

constexpr std::size_t piece_bytes = 128 << 10;
constexpr std::size_t signature_digits = 2 * crypto::SigningKey::signature_bytes;

std::unexpected<Error> damaged(std::string message) {
  return fail(Code::Damaged, std::move(message), "Fetch it again; if that does not help, do not trust it.");
}

// Every digit is one: checked before.
std::string unhex(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<Reader> Reader::open(int fd, const Limits& limits) {
  Reader reader(fd, limits);
  TRY(reader.read_head());
  return reader;
}

Result<> Reader::read_head() {
  TRY_ASSIGN(const std::string head, first_member());
  TRY(expect_header(signature_name, signature_digits + 1));
  std::array<char, signature_digits + 1> signature{};
  TRY(source_.read(signature));
  TRY(expect_zeros(tar_padding(signature.size())));
  const std::string_view digits(signature.data(), signature_digits);
  if (signature.back() != '\n' || !is_hex(digits) ||
      !crypto::verify(unhex(manifest_.signer.key), signature_context, head, unhex(digits)))
    return damaged("The bundle's signature is wrong.");
  return {};
}

// Reads the manifest and gives its bytes. Its header's time is the manifest's own, so it is compared when both are there.
Result<std::string> Reader::first_member() {
  std::string block(tar_block, '\0');
  TRY(source_.read(block));
  const auto member = read_tar_header(block);
  if (!member || member->name != manifest_name) return fail(Code::InvalidArgument, "This is no bundle: it does not begin with a manifest.");
  if (member->bytes > limits_.manifest_bytes)
    return fail(Code::TooLarge, fmt::format("The manifest has {} bytes; the limit is {}.", member->bytes, limits_.manifest_bytes));
  std::string head(static_cast<std::size_t>(member->bytes), '\0');
  TRY(source_.read(head));
  TRY(expect_zeros(tar_padding(head.size())));
  TRY_ASSIGN(manifest_, parse_manifest(head, limits_));
  if (block != tar_header(manifest_name, head.size(), manifest_.made)) return damaged("The bundle's manifest is not as a bundle has it.");
  return head;
}

Result<> Reader::expect_header(std::string_view name, std::uint64_t bytes) {
  std::array<char, tar_block> found{};
  TRY(source_.read(found));
  const std::string_view block(found.data(), found.size());
  if (block == tar_header(name, bytes, manifest_.made)) return {};
  const auto member = read_tar_header(block);
  if (!member || member->name == name) return damaged(fmt::format("The member \"{}\" of the bundle is missing, or not as the manifest says.", name));
  return damaged(fmt::format("The bundle has another member where \"{}\" must be.", name));
}

Result<> Reader::expect_zeros(std::size_t count) {
  std::string zeros(count, '\1');
  TRY(source_.read(zeros));
  if (std::ranges::any_of(zeros, [](char c) { return c != '\0'; })) return damaged("The bundle has bytes between its members.");
  return {};
}

Result<> Reader::read_part(const Part& part, const Take& take) {
  TRY(expect_header(member_name(part), part.bytes));
  crypto::Sha256 hash;
  std::string piece;
  for (std::uint64_t left = part.bytes; left > 0; left -= piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_bytes)));
    TRY(source_.read(piece));
    hash.update(piece);
    TRY(take(part, piece));
  }
  if (crypto::hex(hash.finish()) != part.sha256) return damaged(fmt::format("The part \"{}\" is not what its hash says.", part.name));
  TRY(expect_zeros(tar_padding(part.bytes)));
  return take(part, {});
}

Result<> Reader::read(const Take& take) {
  for (const auto& part : manifest_.parts) TRY(read_part(part, take));
  TRY(expect_zeros(2 * tar_block));
  return source_.expect_end();
}

}  // namespace berth::bundle
