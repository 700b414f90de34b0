// Which control sequence does what: ECMA-48 section 8.3, DEC STD 070, xterm's ctlseqs.
#include <algorithm>

#include "vt/engine.hpp"

namespace berth::vt {
namespace {

constexpr auto key(char final) { return Sequence::key(final); }
constexpr auto key(char prefix, char final) { return Sequence::key(prefix, final); }
constexpr auto with(char intermediate, char final) { return Sequence::key(0, intermediate, 0, final); }
constexpr auto with(char prefix, char intermediate, char final) {
  return Sequence::key(prefix, intermediate, 0, final);
}

}  // namespace

void Engine::csi(const Sequence& sequence) {
  const auto n = [&] { return sequence.number(0, 1); };
  switch (sequence.function()) {
    case key('m'): select_graphics(sequence); break;
    case key('H'):
    case key('f'): set_cursor(sequence.number(1, 1) - 1, n() - 1); break;
    case key('K'): erase_line(sequence.number(0, 0), false); break;
    case key('J'): erase_display(sequence.number(0, 0), false); break;
    case key('?', 'K'): erase_line(sequence.number(0, 0), true); break;
    case key('?', 'J'): erase_display(sequence.number(0, 0), true); break;
    case key('A'): cursor_up(n()); break;
    case key('B'): cursor_down(n()); break;
    case key('C'):
    case key('a'): move_cursor(n(), 0); break;
    case key('D'): move_cursor(-n(), 0); break;
    case key('e'): move_cursor(0, n()); break;
    case key('E'):
      cursor_down(n());
      x = 0;
      break;
    case key('F'):
      cursor_up(n());
      x = 0;
      break;
    case key('G'):
    case key('`'):
      x = n() - 1;
      restrict_cursor();
      break;
    case key('d'): set_cursor(x, n() - 1); break;
    case key('I'): tab(n()); break;
    case key('Z'): back_tab(n()); break;
    case key('@'):
      restrict_cursor();
      active().grid.insert_cells(y, x, n(), blank_id());
      break;
    case key('P'):
      restrict_cursor();
      active().grid.delete_cells(y, x, n(), blank_id());
      break;
    case key('X'):
      restrict_cursor();
      erase_cells(y, x, x + n(), false);
      break;
    case key('L'): insert_lines(n()); break;
    case key('M'): delete_lines(n()); break;
    case key('S'):
      restrict_cursor();
      scroll_region_up(n(), blank_id(), false);
      break;
    case key('T'):
      if (sequence.count > 1) break;  // highlight mouse tracking
      restrict_cursor();
      scroll_region_down(n(), 0);
      break;
    case key('b'): repeat(n()); break;
    case key('r'): set_scroll_region(sequence); break;
    case key('h'): set_modes(sequence, false, true); break;
    case key('l'): set_modes(sequence, false, false); break;
    case key('?', 'h'): set_modes(sequence, true, true); break;
    case key('?', 'l'): set_modes(sequence, true, false); break;
    case key('s'): save_cursor(); break;
    case key('u'): restore_cursor(); break;
    default: csi_extended(sequence);
  }
  last_width_ = 0;
}

// The rarer ones.
void Engine::csi_extended(const Sequence& sequence) {
  const int n = sequence.number(0, 1);
  switch (sequence.function()) {
    case key('g'):
      if (sequence.number(0, 0) == 0 && x < cols()) active().tabs[static_cast<std::size_t>(x)] = false;
      if (sequence.number(0, 0) == 3) active().tabs.assign(active().tabs.size(), false);
      break;
    case with(' ', '@'):
      restrict_cursor();
      shift_columns(0, n, false);
      break;
    case with(' ', 'A'):
      restrict_cursor();
      shift_columns(0, n, true);
      break;
    case with('\'', '}'):
      restrict_cursor();
      shift_columns(x, n, true);
      break;
    case with('\'', '~'):
      restrict_cursor();
      shift_columns(x, n, false);
      break;
    case with(' ', 'q'): set_cursor_style(sequence); break;
    case with('"', 'q'):
      if (sequence.number(0, 0) <= 2) {
        pen.set(Style::Protected, sequence.number(0, 0) == 1);
        pen_changed_ = true;
      }
      break;
    case with('!', 'p'): soft_reset(); break;
    case key('t'): window(sequence); break;
    case key('?', 'u'):
    case key('>', 'u'):
    case key('<', 'u'):
    case key('=', 'u'): keyboard(sequence); break;
    case key('>', 'm'):
      if (sequence.number(0, 0) == 4) modify_other_keys = static_cast<std::uint8_t>(std::min(sequence.number(1, 0), 3));
      break;
    case key('>', 'n'):
      if (sequence.number(0, 0) == 4) modify_other_keys = 0;
      break;
    case with('$', 'p'): report_mode(sequence, false); break;
    case with('?', '$', 'p'): report_mode(sequence, true); break;
    case key('c'):
    case key('>', 'c'):
    case key('=', 'c'):
    case key('>', 'q'):
    case key('n'):
    case key('?', 'n'): report_status(sequence); break;
    default: break;
  }
}

void Engine::escape(const Sequence& sequence) {
  last_width_ = 0;
  if (sequence.intermediates > 0) {
    if (sequence.function() == with('#', '8')) {
      alignment_pattern();
    } else {
      designate(sequence);
    }
    return;
  }
  switch (sequence.final) {
    case '7': save_cursor(); break;
    case '8': restore_cursor(); break;
    case 'D': index(); break;
    case 'E':
      x = 0;
      index();
      break;
    case 'H':
      if (x < cols()) active().tabs[static_cast<std::size_t>(x)] = true;
      break;
    case 'M': reverse_index(); break;
    case 'c': reset(); break;
    case '=': modes.set(Mode::Keypad, true); break;
    case '>': modes.set(Mode::Keypad, false); break;
    case 'n': charsets.active = 2; break;
    case 'o': charsets.active = 3; break;
    default: break;
  }
}

void Engine::designate(const Sequence& sequence) {
  if (sequence.intermediates != 1) return;
  const char which = sequence.intermediate[0];
  if (which == '%') {  // another coding system: UTF-8 stays, G0 is ASCII again
    charsets.active = 0;
    charsets.sets[0] = 'B';
    return;
  }
  if (which < '(' || which > '+') return;
  const bool known = sequence.final == '0' || sequence.final == 'A';
  charsets.sets[static_cast<std::size_t>(which - '(')] = known ? sequence.final : 'B';
}

void Engine::set_cursor_style(const Sequence& sequence) {
  const int style = sequence.params[0].value;
  if (style <= 6) cursor_style = static_cast<std::uint8_t>(style);
}

// Kitty's keyboard protocol: progressive enhancement, one stack for each screen.
void Engine::keyboard(const Sequence& sequence) {
  auto& stack = active().keyboard.stack;
  const auto flags = static_cast<std::uint8_t>(sequence.number(0, 0) & 31);
  switch (sequence.prefix) {
    case '?': reply("\x1b[?" + std::to_string(stack.back()) + "u"); break;
    case '>':
      if (stack.size() > KeyboardFlags::most) stack.erase(stack.begin() + 1);
      stack.push_back(flags);
      break;
    case '<':
      for (int n = std::min(sequence.number(0, 1), static_cast<int>(KeyboardFlags::most) + 1); n > 0; --n) {
        if (stack.size() > 1) {
          stack.pop_back();
        } else {
          stack[0] = 0;
        }
      }
      break;
    default:
      switch (sequence.number(1, 1)) {
        case 1: stack.back() = flags; break;
        case 2: stack.back() |= flags; break;
        case 3: stack.back() &= static_cast<std::uint8_t>(~flags); break;
        default: break;
      }
  }
}

void Engine::window(const Sequence& sequence) {
  const int which = sequence.number(1, 0);
  switch (sequence.number(0, 0)) {
    case 18: reply("\x1b[8;" + std::to_string(rows()) + ";" + std::to_string(cols()) + "t"); break;
    case 22:
      if (which > 2) break;
      if (titles.size() >= max_titles) titles.erase(titles.begin());
      titles.emplace_back(title, icon);
      break;
    case 23:
      if (which > 2 || titles.empty()) break;
      if (which != 1) title = titles.back().first;
      if (which != 2) icon = titles.back().second;
      titles.pop_back();
      break;
    default: break;
  }
}

}  // namespace berth::vt
