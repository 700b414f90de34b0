#pragma once
// Shell integration: the arguments, environment and script that make a shell mark its prompts, commands and directories,
// without touching the user's files. Their own configuration is read as ever.
//
//   bash 4.4+   --init-file                                    script from fd 3
//   zsh 5+      ZDOTDIR, restored before the user's .zshenv    script from fd 3
//   fish 3+     XDG_DATA_DIRS: vendor_conf.d                   script in a private directory, removed by its first line
//   sh          ENV (dash, busybox ash, a bash named sh)       script from fd 3
//
// Markers, each with the terminal's nonce N, which stands in the shell's memory only:
//   at a prompt     OSC 133;D;<code>;nonce=N (when a command ran)   OSC 633;P;Cwd=<dir>;N   OSC 133;A;nonce=N
//   ends the prompt OSC 133;B;nonce=N (not in fish)
//   before output   OSC 633;E;<command>;N   OSC 133;C;nonce=N
// <dir> and <command> have \\ for a backslash, \x3b for ';' and \xHH for bytes below 0x20 (as VS Code's OSC 633). The
// command is the line as typed, in bash and zsh after history expansion; one of several lines keeps its line ends. A
// shell that keeps no history has no text to tell.
//
// sh has no hook before a command: its prompt ends with 133;I (input ends at the end of the line), the directory is told
// by OSC 7 in its raw form with the nonce as the user's name, and D comes with every prompt. busybox ash tells the text
// from its history at the end of the command, for commands of one line; dash keeps none.
// Sources: semantic prompts proposal (OSC 133), VS Code's shell integration (OSC 633), bash(1) PS0 and PROMPT_COMMAND,
// zshmisc(1) hook functions, zshparam(1) PROMPT_EOL_MARK, fish's event handlers, dash(1) ENV.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/shells.hpp"

namespace berth::guest {

struct ShellFile {
  std::string path;  // below the directory
  std::string text;
};

struct ShellPlan {
  std::vector<std::string> argv;
  std::string script;                                         // to be read from fd 3, which it closes; "" is none
  std::vector<ShellFile> files;                               // in a fresh directory of the user, which the script removes
  std::vector<std::pair<std::string, std::string>> variables;  // to set
};

// Stands for the directory in script, files and variables.
inline constexpr std::string_view directory_mark = "@BERTH-DIRECTORY@";
[[nodiscard]] std::string with_directory(std::string text, std::string_view directory);

// Letters, digits, '-' and '_'; 1 to 128 of them: it stands unquoted in the scripts.
[[nodiscard]] bool is_nonce(std::string_view text);

// Nothing for what wire::shell_call does not know. `env`: "NAME=value", what the shell would get without us.
[[nodiscard]] std::optional<ShellPlan> integrate_shell(const std::vector<std::string>& argv, std::string_view nonce,
                                                       const std::vector<std::string>& env);

[[nodiscard]] std::string bash_script(std::string_view nonce, bool login);  // bash_script.cpp
[[nodiscard]] std::string zsh_script(std::string_view nonce, const std::optional<std::string>& zdotdir);  // zsh_script.cpp
[[nodiscard]] std::string fish_script(std::string_view nonce, const std::optional<std::string>& data_dirs);  // fish_script.cpp
[[nodiscard]] std::string posix_script(std::string_view nonce, bool login, const std::optional<std::string>& env);  // posix_script.cpp
[[nodiscard]] std::string single_quoted(std::string_view text);  // for a Bourne shell

}  // namespace berth::guest
