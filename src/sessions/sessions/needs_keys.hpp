#pragma once
// Whether the store holds what only the machine's key opens. Asked before a key is made: one that is made anew would take the
// place of the one that sessions are sealed with, and that one could not come back.
//
// In a store's read, on its thread. Errors: the store's.
//
// Example (store::Reader& reader):
//   TRY_ASSIGN(const bool needed, sessions::needs_keys(reader));
//   (void)needed;

#include "base/result.hpp"
#include "store/store.hpp"

namespace berth::sessions {

[[nodiscard]] Result<bool> needs_keys(store::Reader& reader);

}  // namespace berth::sessions
