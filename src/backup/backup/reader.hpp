#pragma once
// The archive of a backup as it is read: members in their order, then the manifest, with which everything before is compared.
// What take() was given is true when read() succeeded, and not before. Private to backup.

#include <functional>
#include <string_view>

#include "backup/backup.hpp"
#include "backup/member.hpp"
#include "backup/writer.hpp"
#include "bundle/packing.hpp"

namespace berth::backup {

class Taker {
 public:
  virtual ~Taker() = default;
  virtual Result<> begin(const Member& member) = 0;
  virtual Result<> piece(std::string_view bytes) = 0;  // of a file, as often as needed
  virtual Result<> end() = 0;
};

class Reader {
 public:
  Reader(int fd, const Progress& progress) : source_(fd, {.ratio = ~0u}), progress_(progress) {}
  Result<Manifest> read(Taker& taker);

 private:
  Result<Member> next();
  Result<> take_file(const Member& member, Taker& taker);
  Result<std::string> small(const Member& member, std::size_t most);
  Result<> zeros(std::size_t count, bool counted);
  Result<Manifest> close(const Member& member);
  bundle::Unpacker source_;
  const Progress& progress_;
  Parts parts_;
  std::string head_;  // of the member that is read
};

// A key of a signature, as text: 64 digits.
[[nodiscard]] std::string signer_of(const crypto::Secret& seed);

}  // namespace berth::backup
