#pragma once
// The archive of a backup as it is written: members, counted and hashed by part. Private to backup.

#include <string>
#include <string_view>

#include "backup/backup.hpp"
#include "backup/member.hpp"
#include "bundle/packing.hpp"
#include "crypto/crypto.hpp"
#include "crypto/signing.hpp"

namespace berth::backup {

// A hash over each part's bytes, by the first piece of its members' paths.
class Parts {
 public:
  void begin(const Member& member);
  void add(std::string_view bytes);
  [[nodiscard]] std::vector<Part> finish();
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t bytes() const { return total_; }

 private:
  void end();
  std::vector<Part> parts_;
  std::string name_;
  crypto::Sha256 hash_;
  std::uint64_t files_ = 0, bytes_ = 0, total_ = 0;
};

class Writer {
 public:
  Writer(int fd, const Progress& progress) : packer_(fd, 3), progress_(progress) {}
  Result<> add(Member member, std::string_view bytes);
  // `member.bytes` of it; true when it was shorter, and zeros stand for the rest.
  Result<bool> add_file(const Member& member, int fd);
  Result<Manifest> finish(Manifest manifest, const crypto::SigningKey& key);

 private:
  Result<> write(std::string_view bytes);
  Result<> pad(std::uint64_t bytes);
  bundle::Packer packer_;
  const Progress& progress_;
  Parts parts_;
};

}  // namespace berth::backup
