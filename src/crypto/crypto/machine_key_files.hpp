#pragma once
// The machine's keys as a person carries them: told apart by a fingerprint, brought to another disk, and back.
//
// Without them everything that is sealed stays closed, so a copy belongs somewhere else. An exported text opens all that the
// machine sealed: who holds it needs nothing more. Importing adds what is missing and replaces nothing.
// Blocking; any thread. Errors: as MachineKeys; InvalidArgument (the text is none, or was damaged), AlreadyExists (another key
// has the number of one of these).
//
//   text   "BERTHKEYS 1\n", then per key its number, a space and 64 hexadecimal digits, then "sum " and the SHA-256 of all before
//
// Example (const std::filesystem::path& home):
//   TRY_ASSIGN(const std::string text, crypto::export_machine_keys(home / "keys"));
//   TRY_ASSIGN(const std::size_t added, crypto::import_machine_keys("/srv/other/keys", text));

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace berth::crypto {

struct MachineKeyId {
  std::uint32_t number = 0;
  std::string fingerprint;  // 16 hexadecimal digits that say nothing about the key
};

Result<std::vector<MachineKeyId>> machine_key_ids(const std::filesystem::path& dir);  // by number; empty when there are none
Result<std::string> export_machine_keys(const std::filesystem::path& dir);
// A key for one purpose from the newest one: 32 bytes, the same whenever it is asked for until a key is added.
Result<Secret> machine_secret_for(const std::filesystem::path& dir, std::string_view purpose);
Result<Secret> exported_secret_for(std::string_view text, std::string_view purpose);  // the same of an exported text
Result<std::size_t> import_machine_keys(const std::filesystem::path& dir, std::string_view text);  // how many were added

}  // namespace berth::crypto
