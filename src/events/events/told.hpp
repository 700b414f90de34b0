#pragma once
// Rows together with the events that tell of them, in one unit of work: a change that commits is on the timeline, one that
// does not is not. An event is told once: what a row says already (after a restart, a write that is tried again) adds none.
//
// Types and their data: "sandbox.<state>" and "sandbox.removed" {name, template, isolation, reason_code, reason};
// "terminal.started" {kind, argv, cwd}, "terminal.ended" {exit_code, signal}; "command.started" {number, text, cwd,
// output_begin}, "command.ended" the same and {exit_code, duration_ns, output_end};
// "session.<what>" {title, version, state, client}; "snapshot.<what>" {snapshot, title, state, visibility, by}. Text that is longer than `text_bytes`
// is cut, and what is not UTF-8 replaced: the rows have all of it.
//
// In a store's unit of work, on its thread. Errors: what the store's own calls say.
//
// Example (store::Unit& unit, const store::CommandRow& row):
//   TRY(events::put_command(unit, row));

#include <cstddef>

#include "store/store.hpp"

namespace berth::events {

inline constexpr std::size_t text_bytes = 1024;

Result<> insert_sandbox(store::Unit& unit, const store::SandboxRow& row);
Result<> update_sandbox(store::Unit& unit, const store::SandboxRow& row, store::SandboxState expected, WallTime now);
Result<> remove_sandbox(store::Unit& unit, const SandboxId& id, WallTime now);
Result<> insert_terminal(store::Unit& unit, const store::TerminalRow& row);
Result<> update_terminal(store::Unit& unit, const store::TerminalRow& row);  // the end is told after its commands
Result<> put_command(store::Unit& unit, const store::CommandRow& row);
// `what` as sessions::Context::record is told: "patched", "restored 5".
Result<> session_changed(store::Unit& unit, const store::SessionRow& row, const std::string& what, WallTime now);
// `what` as snapshots::Context::record is told; `by` is who did it.
Result<> snapshot_changed(store::Unit& unit, const store::SnapshotRow& row, const std::string& what, const std::string& by, WallTime now);

}  // namespace berth::events
