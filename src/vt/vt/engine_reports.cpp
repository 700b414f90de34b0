// What programs ask and the terminal answers. The server answers, once, also with no viewer attached.
#include <algorithm>
#include <optional>

#include "vt/engine.hpp"
#include "vt/sgr.hpp"

namespace berth::vt {
namespace {

std::string join_numbers(std::initializer_list<int> numbers) {
  std::string out;
  for (const int number : numbers) out += (out.empty() ? "" : ";") + std::to_string(number);
  return out;
}

}  // namespace

void Engine::reply(std::string_view text) {
  if (replies.size() + text.size() <= max_replies_bytes) replies += text;
}

void Engine::report_status(const Sequence& sequence) {
  const int what = sequence.number(0, 0);
  const int row = modes[Mode::Origin] ? y - active().top + 1 : y + 1;
  const std::string position = join_numbers({row, std::min(x, cols() - 1) + 1});
  switch (sequence.function()) {
    case Sequence::key('c'):
      if (what == 0) reply("\x1b[?62;22c");  // a VT220 with colours
      break;
    case Sequence::key('>', 'c'):
      if (what == 0) reply("\x1b[>0;276;0c");  // as xterm.js: programs take features from the number
      break;
    case Sequence::key('=', 'c'):
      if (what == 0) reply("\x1bP!|00000000\x1b\\");
      break;
    case Sequence::key('>', 'q'):
      if (what == 0) reply("\x1bP>|Berth(" BERTH_VERSION ")\x1b\\");
      break;
    case Sequence::key('n'):
      if (what == 5) reply("\x1b[0n");
      if (what == 6) reply("\x1b[" + position + "R");
      break;
    case Sequence::key('?', 'n'):
      if (what == 6) reply("\x1b[?" + position + "R");
      break;
    default: break;
  }
}

// DECRQM: 0 unknown, 1 set, 2 reset, 3 always set, 4 never set.
void Engine::report_mode(const Sequence& sequence, bool dec) {
  const int number = sequence.number(0, 0);
  int state = 0;
  if (const auto mode = find_mode(number, dec)) {
    state = modes[*mode] ? 1 : 2;
  } else if (dec) {
    if (std::ranges::find(mouse_tracking_modes, number) != mouse_tracking_modes.end())
      state = mouse_tracking == number ? 1 : 2;
    if (std::ranges::find(mouse_encoding_modes, number) != mouse_encoding_modes.end())
      state = mouse_encoding == number ? 1 : 2;
    if (number == 47 || number == 1047 || number == 1049) state = alternate ? 1 : 2;
    if (number == 1048) state = 1;
    if (number == 8) state = 3;
    if (number == 67) state = 4;
  }
  reply((dec ? "\x1b[?" : "\x1b[") + join_numbers({number, state}) + "$y");
}

// DECRQSS.
void Engine::report_setting(std::string_view setting) {
  std::optional<std::string> value;
  if (setting == "m") value = sgr_of(pen) + "m";
  if (setting == "r") value = join_numbers({active().top + 1, active().bottom + 1}) + "r";
  if (setting == " q") value = std::to_string(cursor_style) + " q";
  if (setting == "\"q") value = pen.has(Style::Protected) ? "1\"q" : "0\"q";
  if (setting == "\"p") value = "62;1\"p";
  reply(value ? "\x1bP1$r" + *value + "\x1b\\" : "\x1bP0$r\x1b\\");
}

void Engine::dcs(const Sequence& sequence, std::string_view payload) {
  last_width_ = 0;
  if (sequence.function() == Sequence::key(0, '$', 0, 'q')) report_setting(payload);
  if (sequence.function() == Sequence::key(0, '+', 0, 'q')) reply("\x1bP0+r\x1b\\");  // XTGETTCAP: none is told
}

}  // namespace berth::vt
