#include "backup/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "os/file.hpp"

namespace berth::backup {
namespace {

constexpr std::size_t piece_bytes = 256 << 10;
constexpr std::size_t signature_digits = 2 * crypto::SigningKey::signature_bytes;

std::unexpected<Error> damaged(std::string_view what) {
  return fail(Code::Damaged, fmt::format("The backup is damaged or incomplete: {}.", what), "Take another backup.");
}

// Empty unless all of it are digits.
std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return {};
    out += static_cast<char>(byte);
  }
  return out;
}

}  // namespace

std::string signer_of(const crypto::Secret& seed) {
  return crypto::hex(std::as_bytes(std::span(crypto::SigningKey(seed).public_key())));
}

Result<Manifest> Reader::read(Taker& taker) {
  for (;;) {
    TRY_ASSIGN(const Member member, next());
    if (member.path == manifest_name) return close(member);
    parts_.begin(member);
    parts_.add(head_);
    TRY(taker.begin(member));
    if (member.kind == Kind::File) TRY(take_file(member, taker));
    TRY(taker.end());
  }
}

Result<Member> Reader::next() {
  head_.assign(block_bytes, '\0');
  TRY(source_.read(head_));
  TRY_ASSIGN(const auto size, header_bytes(head_));
  head_.resize(size);
  TRY(source_.read(std::span(head_).subspan(block_bytes)));
  return decode(head_);
}

Result<> Reader::take_file(const Member& member, Taker& taker) {
  std::string piece;
  for (std::uint64_t left = member.bytes; left > 0; left -= piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_bytes)));
    TRY(source_.read(piece));
    parts_.add(piece);
    if (progress_) progress_(parts_.name(), parts_.bytes());
    TRY(taker.piece(piece));
  }
  return zeros(padding(member.bytes), true);
}

Result<> Reader::zeros(std::size_t count, bool counted) {
  std::string bytes(count, '\1');
  TRY(source_.read(bytes));
  if (std::ranges::any_of(bytes, [](char c) { return c != '\0'; })) return damaged("there are bytes between its members");
  if (counted) parts_.add(bytes);
  return {};
}

Result<std::string> Reader::small(const Member& member, std::size_t most) {
  const Member plain{.path = member.path, .bytes = member.bytes};
  if (member != plain || member.bytes > most) return damaged("its manifest is not as Berth writes it");
  std::string out(static_cast<std::size_t>(member.bytes), '\0');
  TRY(source_.read(out));
  TRY(zeros(padding(member.bytes), false));
  return out;
}

Result<Manifest> Reader::close(const Member& member) {
  TRY_ASSIGN(const std::string text, small(member, most_manifest_bytes));
  TRY_ASSIGN(auto manifest, parse_manifest(text));
  TRY_ASSIGN(const Member second, next());
  if (second.path != signature_name) return damaged("its signature is missing");
  TRY_ASSIGN(const std::string signature, small(second, signature_digits + 1));
  if (!crypto::verify(unhex(manifest.signer), signature_context, text, unhex(std::string_view(signature).substr(0, signature_digits))))
    return damaged("its signature is wrong");
  TRY(zeros(2 * block_bytes, false));
  TRY(source_.expect_end());
  if (parts_.finish() != manifest.parts) return damaged("a part is not what its hash says");
  return manifest;
}

}  // namespace berth::backup
