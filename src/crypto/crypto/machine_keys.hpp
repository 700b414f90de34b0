#pragma once
// The keys of one machine: what wraps every other key that Berth keeps on disk.
//
// Problem: a key beside its data protects nothing, and one key for everything would have to be given to every process. The
// machine's secret stays in the server; a shim gets the data key of its journal, which is stored wrapped.
// On disk: `keys/<number>.key` (directory 0700, files 0600 at creation), 8 decimal digits, 32 random bytes each. The
// highest number wraps; every one unwraps. Rotation adds a number and rewrites nothing: what was wrapped names its key.
// Owner: the wrapping keys in locked memory, derived once at open(). Thread: const calls from any.
// Errors: PermissionDenied (a file that others may read, or of another user), Damaged (a file of another size, a wrapped
// key that fails its check), NotFound (a wrapped key of a number that is not here).
//
//   wrapped   magic "BERTHKEY" 8 | version u32 | key number u32 | nonce 24 | sealed key 32 | tag 16
//             XChaCha20-Poly1305 with a random nonce; associated: all before the nonce, and the identity that it is for
//
// Example (const std::filesystem::path& home):
//   TRY_ASSIGN(const crypto::MachineKeys keys, crypto::MachineKeys::open(home / "keys"));
//   const std::string wrapped = keys.wrap(crypto::Secret::random(32), "trm_1");
//   TRY_ASSIGN(const crypto::Secret key, keys.unwrap(wrapped, "trm_1"));

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace berth::crypto {

class MachineKeys {
 public:
  static Result<MachineKeys> open(const std::filesystem::path& dir);  // makes the directory and the first key when absent
  static Result<MachineKeys> open_existing(const std::filesystem::path& dir);  // NotFound when there is none
  // Another key wraps from now on. For one process: others see it when they open again.
  Result<> rotate();

  [[nodiscard]] std::uint32_t current() const { return keys_.rbegin()->first; }
  [[nodiscard]] std::string wrap(const Secret& key, std::string_view identity) const;  // of 32 bytes
  [[nodiscard]] Result<Secret> unwrap(std::string_view wrapped, std::string_view identity) const;

 private:
  explicit MachineKeys(std::filesystem::path dir) : dir_(std::move(dir)) {}
  Result<> load();
  Result<> add(std::uint32_t number);

  std::filesystem::path dir_;
  std::map<std::uint32_t, Secret> keys_;  // derived for wrapping
};

}  // namespace berth::crypto
