#pragma once
// From a place in a terminal's output as people write it (control/place.hpp) to the offset that it means: the one way, for
// recordings, screens and viewers. A command is found by its row, a moment by the journal's times (journal/position.hpp); a
// moment before the oldest byte that is kept, or after the last one, is that byte.
//
// Errors: InvalidArgument (names no place; names `parameter`), NotFound (no such command), the journal's. An offset is
// not compared with what is kept: whoever begins to read there does.

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

#include "control/domain.hpp"
#include "control/place.hpp"
#include "store/rows.hpp"

namespace berth::control {

enum class Edge { Begin, End };  // of the output of a command

struct FoundPlace {
  ByteOffset offset;
  std::string command;           // its text, when the place named one
};

// Empty when `text` is, and for the end of a command that runs. Any thread; the journal is read on the pool.
boost::asio::awaitable<Result<std::optional<FoundPlace>>> find_place(const Domain* domain, store::TerminalRow row, std::string text,
                                                                     std::string parameter, Edge edge);

}  // namespace berth::control
