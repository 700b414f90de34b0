#pragma once
// Shell integration: the arguments and the script that make a shell mark its prompts, commands and directories.
//
// bash 4.4 and later. Markers, each ended by ESC \:
//   at a prompt    OSC 133;D;<code>;nonce=N (when a command ran)   OSC 633;P;Cwd=<dir>;N   OSC 133;A;nonce=N
//   ends PS1       OSC 133;B;nonce=N
//   from PS0       OSC 633;E;<command>;N (when the shell's history is on)   OSC 133;C;nonce=N
// <dir> and <command> have \\ for a backslash, \x3b for ';' and \xHH for bytes below 0x20 (as VS Code's OSC 633). The
// command is the line as typed after history expansion; a command of several lines keeps its line ends.
// Sources: semantic prompts proposal (OSC 133), VS Code's shell integration (OSC 633), bash(1) PS0 and PROMPT_COMMAND.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::guest {

struct ShellPlan {
  std::vector<std::string> argv;
  std::string script;  // to be read from fd 3, which it closes
};

// Letters, digits, '-' and '_'; 1 to 128 of them: it stands unquoted in the script.
[[nodiscard]] bool is_nonce(std::string_view text);

// Nothing for a program that is no shell we know, or one that is not started for a person (`bash -c …`).
[[nodiscard]] std::optional<ShellPlan> integrate_shell(const std::vector<std::string>& argv, std::string_view nonce);

// bash_script.cpp
[[nodiscard]] std::string bash_script(std::string_view nonce, bool login);

}  // namespace berth::guest
