#pragma once
// The data key of one journal, and where it stands: `key` beside the segments, wrapped by the machine's key.
//
// Problem: a shim must write one journal sealed and be able to read no other; whoever has the machine's keys reads all.
// A Key is a handle to 32 bytes in locked memory, shared by its copies; an empty one means a journal that is not sealed.
// Thread: copies may be used anywhere. Errors: those of crypto::MachineKeys; Damaged when the stored key fails its check.
//
// Example (const std::filesystem::path& dir, const crypto::MachineKeys& machine):
//   const journal::Key made = journal::Key::random();
//   TRY(journal::store_key(dir, made, machine));           // before the first segment
//   TRY_ASSIGN(const journal::Key key, journal::load_key(dir, machine));

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "crypto/machine_keys.hpp"
#include "crypto/secret.hpp"

namespace berth::journal {

class Key {
 public:
  static constexpr std::size_t bytes = 32;
  Key() = default;
  explicit Key(crypto::Secret secret);  // of 32 bytes
  static Key random();
  static Result<Key> from(std::string_view bytes);  // InvalidArgument unless there are 32, or none: an empty key

  [[nodiscard]] bool empty() const { return secret_ == nullptr; }
  [[nodiscard]] std::string_view reveal() const { return secret_ ? secret_->reveal() : std::string_view(); }
  [[nodiscard]] const crypto::Secret& secret() const { return *secret_; }

 private:
  std::shared_ptr<const crypto::Secret> secret_;
};

inline constexpr std::string_view key_file_name = "key";

// Makes the journal's directory when it is absent. Not waited for on disk: the writer's first sync covers it.
Result<> store_key(const std::filesystem::path& dir, const Key& key, const crypto::MachineKeys& machine);
// An empty key when there is none beside the segments.
Result<Key> load_key(const std::filesystem::path& dir, const crypto::MachineKeys& machine);

}  // namespace berth::journal
