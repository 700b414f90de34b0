#pragma once
// Screens of terminals, live or of the past, from their journals. Blocking: on the pool.

#include "control/actions.hpp"
#include "control/domain.hpp"
#include "vt/keys.hpp"

namespace berth::control {

[[nodiscard]] Result<ScreenView> view_screen(const Domain& domain, const store::TerminalRow& row, ScreenFormat format,
                                             std::optional<ByteOffset> at);

// What keys and pastes depend on, as the program set it last.
[[nodiscard]] Result<vt::KeyModes> key_modes_now(const Domain& domain, const store::TerminalRow& row);

// After each terminal.checkpoint_bytes of output, so that a screen is shown soon whatever its journal's length.
Result<> leave_checkpoints(const Domain& domain, const store::TerminalRow& row);

}  // namespace berth::control
