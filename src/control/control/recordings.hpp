#pragma once
// Recordings: which part of which terminal, and terminals that are made of one. Blocking: on the pool.

#include "control/actions.hpp"
#include "control/domain.hpp"
#include "control/place.hpp"
#include "terminals/recording.hpp"

namespace berth::control {

struct RecordingRange {
  std::optional<ByteOffset> from, to;
  std::string first_marker;  // the command whose output begins at `from`
};
// `from_command`, `to_command`: the rows of the commands that the places name.
[[nodiscard]] Result<RecordingRange> find_range(const Domain& domain, const store::TerminalRow& row, const std::optional<Place>& from,
                                                const std::optional<Place>& to, const std::optional<store::CommandRow>& from_command,
                                                const std::optional<store::CommandRow>& to_command);

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
