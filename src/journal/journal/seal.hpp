#pragma once
// Sealing and opening what one segment holds, as journal/format.hpp says. Private to this room.
//
// Owner: the segment's expanded key and the bytes that were opened last. Thread: one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/aead.hpp"
#include "journal/format.hpp"
#include "journal/key.hpp"

namespace berth::journal {

[[nodiscard]] Tag random_salt();

class Seal {
 public:
  // FailedPrecondition: the segment is sealed and no key is given.
  static Result<Seal> open(const Key& key, SegmentHeader header);

  // A whole record, header included, ready to be written; valid until the next call. `tag` becomes its tag.
  std::string_view seal_record(const RecordHeader& header, std::string_view payload, std::uint64_t counter, Tag& tag,
                               std::uint64_t seed);
  struct Opened { Tag link, tag; std::string_view payload; };
  // Empty when it fails its check. `header`: record_header_bytes of them. The payload is valid until the next call.
  std::optional<Opened> open_record(std::string_view header, std::string_view stored);

  // Frames and tables of compact segments.
  [[nodiscard]] const crypto::Aead& aead() const { return aead_; }

 private:
  explicit Seal(crypto::Aead aead) : aead_(std::move(aead)) {}
  char* room();
  crypto::Aead aead_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace berth::journal
