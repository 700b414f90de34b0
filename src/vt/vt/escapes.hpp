#pragma once
// How shells write a command line or a path inside a marker, undone. All three are pure and total: what is not well
// formed stands for itself, and the result is never longer than the input (but for \u in unquote_shell: four bytes at
// most for six).

#include <string>
#include <string_view>

namespace berth::vt {

[[nodiscard]] std::string unescape_hex(std::string_view text);      // OSC 633: \\ is a backslash, \xAB a byte
[[nodiscard]] std::string unescape_percent(std::string_view text);  // URLs: %AB is a byte
// printf %q of bash and zsh: \c, 'literal', "double" and $'…' with the escapes of bash(1), QUOTING.
[[nodiscard]] std::string unquote_shell(std::string_view text);

}  // namespace berth::vt
