#pragma once
// What belongs to a change and is written in its unit of work, by somebody who knows more of it: who asked for it.
//
// Called once for each try of the unit, with the id of what is changed. Empty: nothing.
//
// Example (store::Unit& unit, const SandboxId& id, const store::Also& also):
//   TRY(unit.remove_sandbox(id));
//   TRY(store::write_also(also, unit, id.str()));

#include <functional>
#include <string>

#include "store/store.hpp"

namespace berth::store {

using Also = std::function<Result<>(Unit& unit, const std::string& subject)>;

[[nodiscard]] inline Result<> write_also(const Also& also, Unit& unit, const std::string& subject) {
  return also ? also(unit, subject) : Result<>();
}

}  // namespace berth::store
