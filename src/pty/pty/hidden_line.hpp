#pragma once
// A line that a person types without seeing it: a passphrase.
//
// The terminal is raw while it is typed and as before afterwards, also when a signal ends the program meanwhile (it is taken then,
// when the terminal is as before). Enter ends it, Backspace takes a character back, Ctrl-U all of them; Ctrl-C and Ctrl-D give it up.
// One thread, before others are started. Errors: Cancelled (given up), TooLarge (over `most` bytes), the terminal's.
//
// Example (int terminal):
//   TRY_ASSIGN(std::string line, pty::read_hidden_line(terminal, "Passphrase: ", 1024));  // the caller wipes it

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::pty {

Result<std::string> read_hidden_line(int terminal, std::string_view prompt, std::size_t most);

}  // namespace berth::pty
