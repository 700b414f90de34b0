// SGR: select graphic rendition, with colours in the forms of xterm (38;2;r;g;b) and ISO 8613-6 (38:2:space:r:g:b), and
// kitty's underlines (4:3).
#include <algorithm>
#include <optional>

#include "vt/engine.hpp"

namespace berth::vt {
namespace {

using Param = Sequence::Param;

// A colour after 38, 48 or 58 at `index`, which is moved to the last parameter that belongs to it.
std::optional<Color> take_color(const Sequence& sequence, int& index) {
  const auto value = [&](int at) { return at < sequence.count ? sequence.params[at].value : 0; };
  const auto rgb = [&](int at) {
    return Color::rgb((value(at) & 255u) << 16 | (value(at + 1) & 255u) << 8 | (value(at + 2) & 255u));
  };
  if (index + 1 < sequence.count && sequence.params[index + 1].sub) {
    const int first = index + 1;
    while (index + 1 < sequence.count && sequence.params[index + 1].sub) ++index;
    const int given = index - first + 1;
    if (value(first) == 5 && given >= 2) return Color::index(value(first + 1));
    if (value(first) == 2 && given >= 5) return rgb(first + 2);
    if (value(first) == 2 && given == 4) return rgb(first + 1);  // without a colour space, as konsole sends it
    return std::nullopt;
  }
  const int kind = value(index + 1), first = index + 2;
  if (kind == 5) {
    index = std::min(index + 2, sequence.count - 1);
    return Color::index(value(first));
  }
  if (kind == 2) {
    index = std::min(index + 4, sequence.count - 1);
    return rgb(first);
  }
  index = sequence.count - 1;  // what follows cannot be told apart
  return std::nullopt;
}

void set_underline(Style& pen, const Sequence& sequence, int index) {
  int style = 1;
  if (index + 1 < sequence.count && sequence.params[index + 1].sub && sequence.params[index + 1].given)
    style = sequence.params[index + 1].value;
  pen.set_underline(style <= 5 ? static_cast<Underline>(style) : Underline::Single);
}

void set_plain(Style& pen, int value) {
  switch (value) {
    case 1: pen.set(Style::Bold, true); break;
    case 2: pen.set(Style::Faint, true); break;
    case 3: pen.set(Style::Italic, true); break;
    case 5: pen.set(Style::Blink, true); break;
    case 7: pen.set(Style::Inverse, true); break;
    case 8: pen.set(Style::Invisible, true); break;
    case 9: pen.set(Style::Strike, true); break;
    case 21: pen.set_underline(Underline::Double); break;
    case 22:
      pen.set(Style::Bold, false);
      pen.set(Style::Faint, false);
      break;
    case 23: pen.set(Style::Italic, false); break;
    case 24: pen.set_underline(Underline::None); break;
    case 25: pen.set(Style::Blink, false); break;
    case 27: pen.set(Style::Inverse, false); break;
    case 28: pen.set(Style::Invisible, false); break;
    case 29: pen.set(Style::Strike, false); break;
    case 39: pen.foreground = {}; break;
    case 49: pen.background = {}; break;
    case 53: pen.set(Style::Overline, true); break;
    case 55: pen.set(Style::Overline, false); break;
    case 59: pen.underline_color = {}; break;
    default: break;
  }
}

}  // namespace

void Engine::select_graphics(const Sequence& sequence) {
  for (int i = 0; i < sequence.count; ++i) {
    const Param param = sequence.params[i];
    if (param.sub) continue;
    const std::uint32_t value = param.value;
    if (value == 0) {
      pen = {.link = pen.link};
    } else if (value >= 30 && value <= 37) {
      pen.foreground = Color::index(value - 30);
    } else if (value >= 40 && value <= 47) {
      pen.background = Color::index(value - 40);
    } else if (value >= 90 && value <= 97) {
      pen.foreground = Color::index(value - 90 + 8);
    } else if (value >= 100 && value <= 107) {
      pen.background = Color::index(value - 100 + 8);
    } else if (value == 4) {
      set_underline(pen, sequence, i);
    } else if (value == 38 || value == 48 || value == 58) {
      if (const auto color = take_color(sequence, i))
        (value == 38 ? pen.foreground : value == 48 ? pen.background : pen.underline_color) = *color;
    } else {
      set_plain(pen, static_cast<int>(value));
    }
  }
  pen_changed_ = true;
}

}  // namespace berth::vt
