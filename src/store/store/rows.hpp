#pragma once
// Row types of the store. Times are UTC with nanoseconds. A row is a value; it knows no SQL.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/exit.hpp"
#include "base/id.hpp"
#include "base/units.hpp"

namespace berth::store {

enum class SandboxState { Provisioning, Running, Paused, Stopped, Failed };

struct SandboxRow {
  SandboxId id;
  std::string owner;
  std::string name;              // unique per owner among rows that were not removed
  std::string template_name;
  std::string template_digest;   // what the template was when it started
  std::string isolation;         // "gvisor" or "container": what it got
  std::string runtime;           // "runc", "crun", "runsc"
  SandboxState state = SandboxState::Provisioning;
  std::string reason_code;       // with Failed and Stopped: typed reason, "shim_died"
  std::string reason;            // a sentence
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;  // 1000 is one core, 0 no limit
  std::uint32_t processes = 0;
  std::uint32_t open_files = 0;
  bool remove_on_exit = false;
  WallTime created{};
  std::optional<WallTime> started;
  std::optional<WallTime> ended;
};

enum class TerminalKind { Pty, Pipes };

struct TerminalRow {
  TerminalId id;
  SandboxId sandbox;
  std::string owner;
  TerminalKind kind = TerminalKind::Pty;
  std::vector<std::string> argv;
  std::string cwd;
  TerminalSize size;
  std::string nonce;             // secret: stands in our shell's markers; empty without shell integration
  bool running = true;
  std::optional<Exit> exit;      // absent when it ended with its sandbox
  ByteOffset monitored{};        // commands up to here are rows; the parser starts again from here
  WallTime created{};
  std::optional<WallTime> ended;
  std::string title{};           // as its program set it last (OSC 0, OSC 2)
  std::string name{};            // "" or unique within its sandbox
};

struct CommandRow {
  TerminalId terminal;
  std::uint64_t number = 0;      // 1, 2, … within its terminal; (terminal, number) is the key
  SandboxId sandbox;
  std::string owner;
  std::string text;
  std::string cwd;
  std::optional<std::int64_t> exit_code;  // absent while open, or when none was told
  bool done = false;
  WallTime started{};
  std::optional<std::int64_t> duration_ns;
  ByteOffset output_begin{};
  ByteOffset output_end{};       // equals output_begin while open
  bool full_screen = false;      // it used the alternate screen
  bool trusted = true;           // its markers had the nonce, or it is the terminal's own program
};

}  // namespace berth::store
