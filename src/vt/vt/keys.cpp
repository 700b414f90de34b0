#include "vt/keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "vt/engine.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

enum class Form { Cursor, Tilde, Function };  // CSI A or SS3 A; CSI n ~; SS3 P

struct Key {
  std::string_view name;
  Form form;
  std::string_view code;  // the final byte, or the number before ~
};

constexpr std::array keys{
    Key{"up", Form::Cursor, "A"},       Key{"down", Form::Cursor, "B"},      Key{"right", Form::Cursor, "C"},
    Key{"left", Form::Cursor, "D"},     Key{"home", Form::Cursor, "H"},      Key{"end", Form::Cursor, "F"},
    Key{"insert", Form::Tilde, "2"},    Key{"delete", Form::Tilde, "3"},     Key{"page-up", Form::Tilde, "5"},
    Key{"page-down", Form::Tilde, "6"}, Key{"f1", Form::Function, "P"},      Key{"f2", Form::Function, "Q"},
    Key{"f3", Form::Function, "R"},     Key{"f4", Form::Function, "S"},      Key{"f5", Form::Tilde, "15"},
    Key{"f6", Form::Tilde, "17"},       Key{"f7", Form::Tilde, "18"},        Key{"f8", Form::Tilde, "19"},
    Key{"f9", Form::Tilde, "20"},       Key{"f10", Form::Tilde, "21"},       Key{"f11", Form::Tilde, "23"},
    Key{"f12", Form::Tilde, "24"}};

struct Plain {
  std::string_view name;
  char byte;
};
constexpr std::array plain_keys{Plain{"enter", '\r'}, Plain{"tab", '\t'}, Plain{"escape", '\x1b'}, Plain{"backspace", '\x7f'},
                                Plain{"space", ' '}};

struct Modifiers {
  bool shift = false, alt = false, control = false;
  [[nodiscard]] int parameter() const { return 1 + int{shift} + 2 * int{alt} + 4 * int{control}; }
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t swapped = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, swapped});
    }
  }
  return row.back();
}

constexpr std::size_t longest_name = 40;

std::unexpected<Error> unknown(std::string_view name, const std::string& key) {
  std::string_view best;
  std::size_t least = 3;
  const auto consider = [&](std::string_view known) {
    if (const auto steps = distance(key, known); steps < least) {
      least = steps;
      best = known;
    }
  };
  if (key.size() <= longest_name) {
    for (const Key& each : keys) consider(each.name);
    for (const Plain& each : plain_keys) consider(each.name);
  }
  std::string shown;
  for (const char c : name.substr(0, longest_name)) shown += c >= ' ' && c < 0x7f ? c : '?';
  return fail(Code::InvalidArgument, "There is no key \"" + shown + "\".",
              best.empty() ? "Keys are up, f5, enter, ctrl-c, alt-x, shift-tab and single characters."
                           : "Did you mean " + std::string(best) + "?");
}

// "ctrl-alt-left" → its modifiers; what is left is the key. A lone "-" is a key.
Modifiers take_modifiers(std::string_view& name) {
  Modifiers out;
  for (;;) {
    const auto dash = name.find('-');
    if (dash == std::string_view::npos || dash == 0 || dash + 1 == name.size()) return out;
    const std::string word = lower(name.substr(0, dash));
    if (word == "ctrl" || word == "control") out.control = true;
    else if (word == "alt" || word == "meta") out.alt = true;
    else if (word == "shift") out.shift = true;
    else return out;
    name.remove_prefix(dash + 1);
  }
}

std::string encode_special(const Key& key, Modifiers with, KeyModes modes) {
  const std::string parameter = std::to_string(with.parameter());
  const bool plain = with.parameter() == 1;
  if (key.form == Form::Tilde) return "\x1b[" + std::string(key.code) + (plain ? "" : ";" + parameter) + "~";
  if (!plain) return "\x1b[1;" + parameter + std::string(key.code);
  const bool single_shift = key.form == Form::Function || modes.application_cursor;
  return (single_shift ? "\x1bO" : "\x1b[") + std::string(key.code);
}

// The control character of a key: ECMA-48's columns 4 and 5; "?" is DEL, space and "2" are NUL as in xterm.
bool to_control(char& c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
  if (c == ' ') c = '@';
  if (c == '?') return c = 0x7f, true;
  if (c < '@' || c > '_') return false;
  c = static_cast<char>(c - '@');
  return true;
}

bool is_character(std::string_view text) {  // one, in UTF-8
  if (text.empty()) return false;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return text.size() == 1 && first >= ' ' && first != 0x7f;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return first >= 0xc2 && first <= 0xf4 && text.size() == length &&
         std::ranges::all_of(text.substr(1), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
}

Result<std::string> encode_character(std::string_view name, std::string text, Modifiers with) {
  if (with.shift && text.size() == 1 && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 0x20);
  if (with.control && (text.size() != 1 || !to_control(text[0])))
    return fail(Code::InvalidArgument, "Ctrl has no meaning with \"" + std::string(name) + "\".",
                "It goes with letters, space, @ [ \\ ] ^ _ and ?.");
  return (with.alt ? "\x1b" : "") + text;
}

// Bytes of the control character at the front that no text has: C0 but tab and line ends, DEL, and C1 in UTF-8.
std::size_t control_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == '\t' || first == '\n' || first == '\r') return 0;
  if (first < 0x20 || first == 0x7f) return 1;
  return first == 0xc2 && text.size() > 1 && (static_cast<unsigned char>(text[1]) & 0xe0) == 0x80 ? 2 : 0;
}


}  // namespace

Result<std::string> encode_key(std::string_view name, KeyModes modes) {
  std::string_view rest = name;
  const Modifiers with = take_modifiers(rest);
  if (is_character(rest)) return encode_character(rest, std::string(rest), with);
  const std::string key = lower(rest);
  if (const auto found = std::ranges::find(keys, key, &Key::name); found != keys.end()) return encode_special(*found, with, modes);
  const auto found = std::ranges::find(plain_keys, key, &Plain::name);
  if (found == plain_keys.end()) return unknown(name, key);
  if (key == "tab" && with.shift && !with.control) return std::string(with.alt ? "\x1b\x1b[Z" : "\x1b[Z");
  if (key == "space") return encode_character(rest, " ", with);
  char byte = found->byte;
  if (key == "backspace" && with.control) byte = '\b';
  return (with.alt ? "\x1b" : "") + std::string(1, byte);
}

std::string encode_paste(std::string_view text, KeyModes modes) {
  std::string out = modes.bracketed_paste ? "\x1b[200~" : "";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const std::size_t control = control_length(text.substr(i)); control > 0) {
      i += control - 1;
      continue;
    }
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\n' ? '\r' : text[i];
  }
  if (modes.bracketed_paste) out += "\x1b[201~";
  return out;
}

KeyModes key_modes(const Screen& screen) {
  const Modes& modes = screen.engine().modes;
  return {.application_cursor = modes[Mode::CursorKeys], .bracketed_paste = modes[Mode::BracketedPaste]};
}

}  // namespace berth::vt
