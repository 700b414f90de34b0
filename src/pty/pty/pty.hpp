#pragma once
// Pseudo-terminals: opening one, its size, who is in its foreground, and how its end of input is said.
//
// Pty::open() works in any mount namespace with a devpts (TIOCGPTPEER: the slave's path is never used). The owner of the
// master keeps it as long as output may come: Linux gives EIO, not end of file, once the last slave is closed. The free
// functions take either end, keep no state and may be called from any thread. The master is non-blocking.

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"

namespace berth::pty {

struct Pty {
  UniqueFd master;
  UniqueFd slave;  // for the child's fds 0, 1 and 2 (SpawnSpec::controlling_terminal); close it after the spawn
  static Result<Pty> open(TerminalSize size);
};

[[nodiscard]] bool is_master(int fd);                // false for a slave and for everything else
Result<> set_size(int terminal, TerminalSize size);  // the foreground group gets SIGWINCH when it changed
Result<TerminalSize> size(int terminal);
Result<pid_t> foreground_group(int terminal);        // 0: none
Result<bool> echoes(int terminal);                   // ECHO: false while a password is typed
// What to write for end of input (VEOF) while the terminal is in canonical mode; empty in raw mode, where there is none.
Result<std::optional<char>> end_of_input(int terminal);

}  // namespace berth::pty
