#pragma once
// Screens of terminals, live or of the past, from their journals. Blocking: on the pool.

#include "control/actions.hpp"
#include "control/domain.hpp"

namespace berth::control {

[[nodiscard]] Result<ScreenView> view_screen(const Domain& domain, const store::TerminalRow& row, const GetScreen& wanted);

// After each terminal.checkpoint_bytes of output, so that a screen is shown soon whatever its journal's length.
Result<> leave_checkpoints(const Domain& domain, const store::TerminalRow& row);

// The first byte that was printed at that moment or later. Blocks.
[[nodiscard]] Result<ByteOffset> offset_at(const Domain& domain, const TerminalId& terminal, WallTime time);

}  // namespace berth::control
