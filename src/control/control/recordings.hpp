#pragma once
// Recordings: which part of which terminal, and terminals that are made of one. Blocking: on the pool.

#include "control/actions.hpp"
#include "control/domain.hpp"
#include "terminals/recording.hpp"

namespace berth::control {

struct RecordingRange {
  std::optional<ByteOffset> from, to;
  std::string first_marker;  // the command whose output begins at `from`
  bool input = false;
};
[[nodiscard]] Result<std::unique_ptr<terminals::Recording>> open_recording(const Domain& domain, const store::TerminalRow& row,
                                                                           RecordingFormat format, const RecordingRange& range);

struct Imported {
  store::SandboxRow sandbox;    // has stopped; its name is still to be chosen when it is empty
  store::TerminalRow terminal;
  ByteOffset end;
};
// Reads the whole cast before anything is written; writes the journal. On an error nothing is left of it.
[[nodiscard]] Result<Imported> import_recording(const Domain& domain, const Caller& caller, const ImportRecording& wanted);
void forget_import(const Domain& domain, const Imported& imported);  // its journal, when its rows could not be written

}  // namespace berth::control
