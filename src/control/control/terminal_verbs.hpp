#pragma once
// What people and agents ask of a terminal besides watching it: naming, typing, waiting, closing, looking back. A part of
// control/actions.hpp, with the same rules.
//
// Example (const TerminalId& id):
//   const control::GetCommandOutput by_id{.terminal = id, .number = {}, .head = {}, .tail = 20};
//   const control::RenameTerminal by_name{control::TerminalTarget::named("build/main"), "tests"};

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/exit.hpp"
#include "base/id.hpp"
#include "base/units.hpp"
#include "control/target.hpp"
#include "store/rows.hpp"

namespace berth::control {

// ---- actions ----
struct SendKeys {                            // typed in this order: text, paste, keys, enter
  TerminalTarget terminal;
  std::string text;                          // as it is
  std::string paste;                         // bracketed where the program asked for that
  std::vector<std::string> keys;             // "ctrl-c", "up": vt/keys.hpp, as the modes of the terminal say
  bool enter = false;
};
struct WaitUntil {                           // exactly one of them
  std::optional<std::string> pattern;        // RE2, over the output as it is
  std::optional<std::chrono::milliseconds> idle;  // no output for so long
  bool command_end = false;                  // a command ended behind `from`
  bool exit = false;                         // the terminal ended
};
struct WaitTerminal {
  TerminalTarget terminal;
  WaitUntil until;
  std::chrono::milliseconds timeout{30'000};
  std::optional<ByteOffset> from;            // where looking begins; absent: the present end
};
struct RenameTerminal { TerminalTarget terminal; std::string name; };  // "" takes its name away
// Hangs up, and kills after the grace; of one that has ended nothing is asked.
struct CloseTerminal { TerminalTarget terminal; std::optional<std::chrono::milliseconds> grace; };
struct GetCommand { TerminalTarget terminal; std::optional<std::uint64_t> number; };  // absent: the last one
struct GetCommandOutput {
  enum class Form { Text, Raw };             // Text: as it stands on the screen, without what moved there
  TerminalTarget terminal;
  std::optional<std::uint64_t> number;       // absent: the last one
  Form form = Form::Text;
  std::optional<std::uint32_t> head, tail;   // lines, at most one of them
};
struct Grep {                                // over one terminal, or all of a sandbox's
  std::optional<TerminalTarget> terminal;
  std::string sandbox;
  std::string pattern;                       // RE2
  bool literal = false, ignore_case = false;
  std::uint32_t before = 0, after = 0;       // lines of context
  std::optional<ByteOffset> from, to;        // of one terminal
  std::uint32_t limit = 100;                 // matches of one page
  std::string cursor;                        // `next` of the page before
};

// ---- outcomes ----
struct WaitResult {
  enum class Event { Pattern, Idle, CommandEnd, Exit, Timeout };
  Event event = Event::Timeout;              // Exit also when it ended before what was waited for
  ByteOffset from, end;                      // of the match, or of the output that was looked at
  std::string match;
  std::optional<store::CommandRow> command;  // with CommandEnd
  std::optional<berth::Exit> exit;           // with Exit; absent when it ended with its sandbox
};
struct CommandOutput {
  std::uint64_t number = 0;
  bool running = false;                      // output so far
  GetCommandOutput::Form form = GetCommandOutput::Form::Text;
  ByteOffset from, end;                      // the bytes that the data was made of
  bool complete = true;                      // else some are over the limit of an answer, or no longer kept
  std::string data;
};
struct GrepLine {
  TerminalId terminal;
  ByteOffset offset, end;                    // of its bytes
  WallTime time{};
  std::string text;                          // as a person reads it; valid UTF-8
  bool match = false;                        // else context
  std::size_t match_begin = 0, match_end = 0;  // bytes of the text
  std::optional<std::uint64_t> command;      // whose output it is
};
struct GrepMissing { TerminalId terminal; ByteOffset begin, end; };  // removed or damaged
struct GrepPage {
  std::vector<GrepLine> lines;
  std::string next;                          // cursor; empty when all was looked at
  std::uint64_t matches = 0, bytes = 0;      // of this page
  std::vector<GrepMissing> missing;
};

}  // namespace berth::control
