#pragma once
// Which programs init makes mark their commands (shell integration): the server asks for a nonce for these, init brings
// the scripts (guest/shell.hpp). Both sides must agree, so it stands here. Pure.

#include <optional>
#include <string>
#include <vector>

namespace berth::wire {

enum class Shell { Bash, Zsh, Fish, Posix };  // Posix: sh, dash, ash, also as `busybox sh`

struct ShellCall {
  Shell shell;
  bool login = false;
};

// Nothing for another program, and for a shell that is not started for a person (`bash -c …`, a script).
[[nodiscard]] std::optional<ShellCall> shell_call(const std::vector<std::string>& argv);

}  // namespace berth::wire
