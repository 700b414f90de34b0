#include "journal/seal.hpp"

#include <cstring>

#include "crypto/crypto.hpp"

namespace berth::journal {
namespace {

constexpr std::size_t associated_bytes = record_header_bytes - 8 + seal_head_bytes;  // the header behind its checksum

}  // namespace

Tag random_salt() {
  Tag salt;
  crypto::random_bytes(std::as_writable_bytes(std::span(salt)));
  return salt;
}

Result<Seal> Seal::open(const Key& key, SegmentHeader header) {
  if (key.empty())
    return fail(Code::FailedPrecondition, "This journal is sealed and its key is not here.",
                "It stands in the file `key` beside the journal, for the machine whose keys wrapped it.");
  std::string bytes = encode(header);
  bytes.resize(bytes.size() - 8);
  const crypto::Digest derived = crypto::derive_key(key.reveal(), bytes);
  TRY_ASSIGN(auto aead, crypto::Aead::open(crypto::Aead::Algorithm{header.algorithm},
                                           {reinterpret_cast<const char*>(derived.data()), derived.size()}));
  return Seal(std::move(aead));
}

// Of the largest record: allocated once, with the first that is sealed or opened.
char* Seal::room() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(record_header_bytes + max_payload_bytes + seal_overhead_bytes);
  return buffer_.get();
}

std::string_view Seal::seal_record(const RecordHeader& header, std::string_view payload, std::uint64_t counter, Tag& tag,
                                   std::uint64_t seed) {
  RecordHeader sealed = header;
  sealed.flags = sealed_flag;
  const std::size_t stored = payload.size() + seal_overhead_bytes;
  char* out = room();
  const auto head = encode_unchecked(sealed, stored);
  std::memcpy(out, head.data(), head.size());
  char* body = out + record_header_bytes;
  std::memcpy(body, &counter, 8);
  std::memcpy(body + 8, tag.data(), tag.size());
  aead_.seal(counter, {out + 8, associated_bytes}, payload, body + seal_head_bytes);
  std::memcpy(tag.data(), body + stored - tag.size(), tag.size());
  put_checksum(out, {body, stored}, seed);
  return {out, record_header_bytes + stored};
}

std::optional<Seal::Opened> Seal::open_record(std::string_view header, std::string_view stored) {
  if (stored.size() < seal_overhead_bytes) return std::nullopt;
  std::uint64_t counter = 0;
  std::memcpy(&counter, stored.data(), 8);
  char associated[associated_bytes];
  std::memcpy(associated, header.data() + 8, record_header_bytes - 8);
  std::memcpy(associated + record_header_bytes - 8, stored.data(), seal_head_bytes);
  const std::size_t plain = stored.size() - seal_overhead_bytes;
  char* out = room();
  if (!aead_.open(counter, {associated, sizeof associated}, stored.substr(seal_head_bytes), out)) return std::nullopt;
  Opened opened{.payload = {out, plain}};
  std::memcpy(opened.link.data(), stored.data() + 8, opened.link.size());
  std::memcpy(opened.tag.data(), stored.data() + stored.size() - opened.tag.size(), opened.tag.size());
  return opened;
}

}  // namespace berth::journal
