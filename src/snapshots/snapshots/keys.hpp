#pragma once
// What snapshots need of keys: the machine's, which wraps each snapshot's own, and the installation's, which signs exports. Private
// to snapshots.
//
// The signing key's seed is made once and kept among the store's settings, wrapped by the machine's key: rotation leaves it as
// it is, and whoever has only the database cannot sign. A cursor is signed with a key from the same seed: bound to its list, so
// that one which is made up or of another list is refused.
// Thread: const calls from any. Errors: those of MachineKeys; InvalidArgument for a cursor.

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/machine_keys.hpp"
#include "crypto/signing.hpp"
#include "snapshots/snapshots.hpp"

namespace berth::snapshots {

struct Snapshots::Keys {
  crypto::MachineKeys machine;
  crypto::SigningKey signing;
  crypto::Secret cursors;

  static Result<std::unique_ptr<const Keys>> open(store::Unit& unit, const std::filesystem::path& dir);

  [[nodiscard]] std::string encode_cursor(const std::string& list, const store::SnapshotPosition& at) const;
  // "" is the first page.
  [[nodiscard]] Result<std::optional<store::SnapshotPosition>> decode_cursor(const std::string& list, std::string_view cursor) const;

 private:
  [[nodiscard]] std::string sign(const std::string& list, std::string_view place) const;
};

[[nodiscard]] std::string list_name(std::initializer_list<std::string> parts);

}  // namespace berth::snapshots
