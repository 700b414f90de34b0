#pragma once
// Keys by name → the bytes that a terminal sends for them, so that an agent writes "ctrl-c" or "f5" and no escape
// sequences.
//
// A name is a key with modifiers before it: "up", "ctrl-c", "alt-x", "shift-tab", "ctrl-alt-left", "f5", "a". Upper and
// lower case are one, but for a single character: "A" is a capital A. Keys: up down left right home end insert delete
// page-up page-down f1 … f12 enter tab escape backspace space, and each printable character.
//
// Cursor keys depend on a mode that programs set (DECCKM), and so does what surrounds a paste (bracketed paste):
// key_modes() tells both of a screen.
//
// Pure. Errors: InvalidArgument for a name that is not known, with the nearest one as hint, and for a modifier that the
// key cannot have. Source: xterm control sequences, "PC-Style Function Keys"; bracketed paste, ibid.
//
// Example (const vt::Screen& screen):
//   const vt::KeyModes modes = vt::key_modes(screen);
//   TRY_ASSIGN(const std::string bytes, vt::encode_key("ctrl-c", modes));
//   std::string pasted = vt::encode_paste("two\nlines", modes);

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace berth::vt {

class Screen;

struct KeyModes {
  bool application_cursor = false;  // DECCKM: cursor keys, home and end are SS3
  bool bracketed_paste = false;     // mode 2004
};

[[nodiscard]] Result<std::string> encode_key(std::string_view name, KeyModes modes = {});
// Newlines become what the enter key sends. Control characters but tab are dropped, in brackets or not: pasted text can
// neither end its own brackets nor press keys (ctrl-c, ctrl-d, an escape sequence). Whoever means those sends keys.
[[nodiscard]] std::string encode_paste(std::string_view text, KeyModes modes = {});
[[nodiscard]] KeyModes key_modes(const Screen& screen);

}  // namespace berth::vt
