// A screen as the stream that draws it. Everything below is written for a terminal that was just reset: first the text
// of each screen from the top, with modes as they are then, then what belongs to that screen, at the end what would
// have changed the drawing (modes, pen), and last the cursor.
#include <algorithm>

#include "vt/engine.hpp"
#include "vt/reflow.hpp"
#include "vt/screen.hpp"
#include "vt/sgr.hpp"

namespace berth::vt {
namespace {

std::string csi(int number, char final) { return "\x1b[" + (number == 1 ? "" : std::to_string(number)) + final; }
std::string csi(int first, int second, char final) {
  return "\x1b[" + std::to_string(first) + ";" + std::to_string(second) + final;
}

class Painter {
 public:
  explicit Painter(const Engine& engine) : engine_(engine) {}

  std::string take() { return std::move(out_); }
  void add(std::string_view bytes) { out_ += bytes; }
  void head();
  void lines(const Surface& surface, bool scrollback);
  void belongings(const Surface& surface);
  void enter_alternate();
  void tail();

 private:
  void pen(const Style& style);
  void charsets(const Charsets& wanted);
  void glyphs(const Line& line);
  void next_line(const Line& line, const Line& next);
  void wrapped(const Line& line, const Line& next);
  void title(const std::string& title, const std::string& icon);
  void tabs(const std::vector<bool>& tabs);
  void saved_cursor(const SavedCursor& saved);
  void modes();
  void cell_at(int row, int column);

  const Engine& engine_;
  std::string out_;
  Style pen_;
  Charsets charsets_;
};

void Painter::pen(const Style& style) {
  Style looks = style, had = pen_;
  looks.link = had.link = 0;
  if (looks != had) {
    const std::string parameters = sgr_of(style);
    out_ += parameters == "0" ? "\x1b[m" : "\x1b[" + parameters + "m";
    if (style.has(Style::Protected)) out_ += "\x1b[1\"q";  // SGR 0 took it
  }
  if (style.link != pen_.link) {
    const std::string& link = engine_.link(style.link);
    const std::size_t split = std::min(link.find('\n'), link.size());
    out_ += "\x1b]8;";
    if (split > 0) out_ += "id=" + link.substr(0, split);
    out_ += ";" + (link.empty() ? link : link.substr(split + 1)) + "\x1b\\";
  }
  pen_ = style;
}

void Painter::charsets(const Charsets& wanted) {
  constexpr const char* select[] = {"\x0f", "\x0e", "\x1bn", "\x1bo"};
  for (std::size_t i = 0; i < wanted.sets.size(); ++i)
    if (wanted.sets[i] != charsets_.sets[i]) out_ += {'\x1b', static_cast<char>('(' + i), wanted.sets[i]};
  if (wanted.active != charsets_.active) out_ += select[wanted.active];
  charsets_ = wanted;
}

void Painter::title(const std::string& title, const std::string& icon) {
  if (title == icon) {
    out_ += "\x1b]0;" + title + "\x1b\\";
  } else {
    out_ += "\x1b]2;" + title + "\x1b\\\x1b]1;" + icon + "\x1b\\";
  }
}

void Painter::head() {
  for (const auto& [index, rgb] : engine_.colors) {
    constexpr char digits[] = "0123456789abcdef";
    std::string color = "#";
    for (int shift = 20; shift >= 0; shift -= 4) color += digits[rgb >> shift & 15];
    const std::string what = index < 256 ? "4;" + std::to_string(index) : std::to_string(index - 256 + 10);
    (((out_ += "\x1b]") += what) += ";") += color + "\x1b\\";
  }
  for (const auto& [pushed, icon] : engine_.titles) {
    title(pushed, icon);
    out_ += "\x1b[22t";
  }
  if (!engine_.titles.empty() || !engine_.title.empty() || !engine_.icon.empty()) title(engine_.title, engine_.icon);
}

void Painter::glyphs(const Line& line) {
  for (const Run& run : line.runs) {
    if (!run.blank) {
      pen(run.style);
      out_ += run.text;
      continue;
    }
    if (!run.style.background.is_default()) {
      Style blank = run.style;
      blank.link = pen_.link;  // erasing does not take it
      pen(blank);
      out_ += csi(run.columns, 'X');
    }
    out_ += csi(run.columns, 'C');
  }
}

int columns_of(const Line& line) {
  int columns = 0;
  for (const Run& run : line.runs) columns += run.columns;
  return columns;
}

// Takes the cursor to a line that continues the one before, by wrapping.
void Painter::wrapped(const Line& line, const Line& next) {
  const int columns = engine_.cols();
  const bool full = columns_of(line) == columns && !line.runs.back().blank;
  if (full && !next.runs.empty() && !next.runs[0].blank && next.runs[0].style.background.is_default()) return;
  if (full) {
    pen({});
    out_ += " \r\x1b[X";
    return;
  }
  pen({});
  out_ += "\x1b[" + std::to_string(columns) + "G  \x1b[A\x1b[" + std::to_string(columns) + "G";
  if (columns_of(line) == columns) pen(line.runs.back().style);
  out_ += "\x1b[X\x1b[B\r";
  pen({});
  out_ += "\x1b[X";
}

void Painter::next_line(const Line& line, const Line& next) {
  if (next.continues) {
    wrapped(line, next);
    return;
  }
  if (!pen_.background.is_default()) pen({});  // a line that scrolls in takes it
  out_ += "\r\n";
}

void Painter::lines(const Surface& surface, bool scrollback) {
  Line before;
  bool first = true;
  const auto draw = [&](Line line) {
    if (first) line.continues = false;
    if (!first) next_line(before, line);
    first = false;
    glyphs(line);
    before = std::move(line);
  };
  const bool above = scrollback && !engine_.history.empty();
  if (above)
    for (const std::string& bytes : engine_.history) draw(decode_line(bytes));
  int empty = 0;  // lines that are drawn only when something follows them, or to push the scrollback up
  for (int row = 0; row < engine_.rows(); ++row) {
    Line line = engine_.line(surface, row);
    if (line.runs.empty() && !line.continues && !above) {
      ++empty;
      continue;
    }
    for (; empty > 0; --empty) draw({});
    draw(std::move(line));
  }
}

void Painter::tabs(const std::vector<bool>& tabs) {
  std::vector<bool> usual(tabs.size());
  set_default_tabs(usual, 0);
  if (tabs == usual) return;
  out_ += "\x1b[3g";
  for (std::size_t column = 0; column < tabs.size(); ++column)
    if (tabs[column]) out_ += csi(static_cast<int>(column) + 1, 'G') + "\x1bH";
}

void Painter::saved_cursor(const SavedCursor& saved) {
  if (saved == SavedCursor{}) return;
  if (saved.origin) out_ += "\x1b[?6h";
  out_ += csi(saved.y + 1, saved.x + 1, 'H');
  Style style = saved.pen;
  style.link = pen_.link;
  pen(style);
  charsets(saved.charsets);
  out_ +=
      "\x1b"
      "7";
  if (saved.origin) out_ += "\x1b[?6l";
  charsets({});
}

// What each screen has of its own.
void Painter::belongings(const Surface& surface) {
  tabs(surface.tabs);
  saved_cursor(surface.saved);
  const auto& flags = surface.keyboard.stack;
  if (flags[0] != 0) out_ += "\x1b[=" + std::to_string(flags[0]) + "u";
  for (std::size_t i = 1; i < flags.size(); ++i) out_ += "\x1b[>" + std::to_string(flags[i]) + "u";
  if (surface.top != 0 || surface.bottom != engine_.rows() - 1) out_ += csi(surface.top + 1, surface.bottom + 1, 'r');
}

void Painter::enter_alternate() {
  pen({});
  out_ += "\x1b[?1047h\x1b[H";
}

void Painter::modes() {
  for (const ModeInfo& info : mode_table) {
    if (info.mode == Mode::Origin || engine_.modes[info.mode] == info.initial) continue;
    out_ += (info.dec ? "\x1b[?" : "\x1b[") + std::to_string(info.number) + (info.initial ? "l" : "h");
  }
  if (engine_.mouse_tracking != 0) out_ += "\x1b[?" + std::to_string(engine_.mouse_tracking) + "h";
  if (engine_.mouse_encoding != 0) out_ += "\x1b[?" + std::to_string(engine_.mouse_encoding) + "h";
  if (engine_.cursor_style != 0) out_ += "\x1b[" + std::to_string(engine_.cursor_style) + " q";
  if (engine_.modify_other_keys != 0) out_ += "\x1b[>4;" + std::to_string(engine_.modify_other_keys) + "m";
}

void Painter::cell_at(int row, int column) {
  int at = 0;
  for_each_glyph(engine_.line(engine_.active(), row), [&](const Glyph& glyph) {
    if (at == column) {
      pen(glyph.style);
      out_ += glyph.text;
    }
    at += glyph.width;
  });
}

void Painter::tail() {
  const Surface& surface = engine_.active();
  const bool origin = engine_.modes[Mode::Origin];
  const int row = engine_.y - (origin ? surface.top : 0) + 1;
  const bool again = engine_.can_repeat();  // the character before the cursor is drawn last
  if (origin) out_ += "\x1b[?6h";
  if (engine_.x < engine_.cols()) {
    out_ += csi(row, engine_.x + 1, 'H');
  } else if (!again) {  // in the last column, about to wrap: as it came there
    int last = engine_.cols() - 1;
    if (surface.grid.text(engine_.y)[static_cast<std::size_t>(last)] & cell::tail) --last;
    out_ += csi(row, last + 1, 'H');
    cell_at(engine_.y, last);
    out_ += '\x0f';  // REP must not find it
  }
  modes();
  pen(engine_.pen);
  charsets(engine_.charsets);
  if (again) {
    const int before = engine_.x - engine_.last_width();
    out_ += csi(row, before + 1, 'H');
    cell_at(engine_.y, before);
  }
  out_ += engine_.parser.pending();
}

}  // namespace

std::string redraw(const Screen& screen, RedrawOptions options) {
  const Engine& engine = screen.engine();
  Painter painter(engine);
  if (options.reset)
    painter.add(
        "\x1b"
        "c");
  painter.head();
  painter.lines(engine.primary, options.scrollback);
  painter.belongings(engine.primary);
  if (engine.alternate) {
    painter.enter_alternate();
    painter.lines(*engine.alternate, false);
    painter.belongings(*engine.alternate);
  }
  painter.tail();
  return painter.take();
}

}  // namespace berth::vt
