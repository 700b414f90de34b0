// A screen as an SVG document: one rectangle for each run with a background, one text element for each run, stretched
// to the columns it takes so that any font keeps the grid.
#include <cstdio>

#include "vt/engine.hpp"
#include "vt/palette.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string hex(std::uint32_t rgb) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "#";
  for (int shift = 20; shift >= 0; shift -= 4) out += digits[rgb >> shift & 15];
  return out;
}

std::string decimal(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f", value);
  std::string out = buffer;
  out.resize(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

class Drawing {
 public:
  Drawing(const Engine& engine, SvgOptions options)
      : engine_(engine),
        height_(options.font_size * 1.3),
        width_(options.font_size * 0.6),
        ascent_(options.font_size),
        cursor_(options.cursor && engine.modes[Mode::CursorVisible]) {
    const std::string size =
        " width=\"" + decimal(width_ * engine.cols()) + "\" height=\"" + decimal(height_ * engine.rows()) + "\"";
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + size + " font-size=\"" + decimal(options.font_size) +
           "\" font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" xml:space=\"preserve\">\n";
    if (!engine.title.empty()) out_ += "<title>" + escaped(engine.title) + "</title>\n";
    out_ += "<rect" + size + " fill=\"" + hex(background({})) + "\"/>\n";
  }

  std::string run() {
    for (int row = 0; row < engine_.rows(); ++row) line(row, engine_.line(engine_.active(), row));
    if (cursor_) {
      const int column = std::min(engine_.x, engine_.cols() - 1);
      out_ += "<rect x=\"" + decimal(column * width_) + "\" y=\"" + decimal(engine_.y * height_) + "\" width=\"" +
              decimal(width_) + "\" height=\"" + decimal(height_) + "\" fill=\"" +
              hex(color_of(engine_.colors, Color{}, cursor_color)) + "\" fill-opacity=\"0.5\"/>\n";
    }
    return out_ + "</svg>\n";
  }

 private:
  [[nodiscard]] bool swapped(const Style& style) const {
    return style.has(Style::Inverse) != engine_.modes[Mode::ReverseVideo];
  }
  [[nodiscard]] std::uint32_t foreground(const Style& style) const {
    Color color = style.foreground;
    if (style.has(Style::Bold) && color.is_index() && color.number() < 8) color = Color::index(color.number() + 8);
    return swapped(style) ? color_of(engine_.colors, style.background, background_color)
                          : color_of(engine_.colors, color, foreground_color);
  }
  [[nodiscard]] std::uint32_t background(const Style& style) const {
    return swapped(style) ? color_of(engine_.colors, style.foreground, foreground_color)
                          : color_of(engine_.colors, style.background, background_color);
  }
  void line(int row, const Line& line) {
    int column = 0;
    for (const Run& run : line.runs) {
      const std::string x = decimal(column * width_), length = decimal(run.columns * width_);
      if (background(run.style) != background({}))
        out_ += "<rect x=\"" + x + "\" y=\"" + decimal(row * height_) + "\" width=\"" + length + "\" height=\"" +
                decimal(height_) + "\" fill=\"" + hex(background(run.style)) + "\"/>\n";
      if (!run.blank && !run.style.has(Style::Invisible))
        out_ += "<text x=\"" + x + "\" y=\"" + decimal(row * height_ + ascent_) + "\" textLength=\"" + length +
                "\" lengthAdjust=\"spacingAndGlyphs\" fill=\"" + hex(foreground(run.style)) + "\"" + look(run.style) +
                ">" + escaped(run.text) + "</text>\n";
      column += run.columns;
    }
  }
  static std::string look(const Style& style) {
    std::string out;
    if (style.has(Style::Bold)) out += " font-weight=\"bold\"";
    if (style.has(Style::Faint)) out += " fill-opacity=\"0.6\"";
    if (style.has(Style::Italic)) out += " font-style=\"italic\"";
    std::string lines;
    if (style.underline() != Underline::None) lines += " underline";
    if (style.has(Style::Strike)) lines += " line-through";
    if (style.has(Style::Overline)) lines += " overline";
    if (!lines.empty()) out += " text-decoration=\"" + lines.substr(1) + "\"";
    return out;
  }

  const Engine& engine_;
  double height_, width_, ascent_;
  bool cursor_;
  std::string out_;
};

}  // namespace

std::string svg(const Screen& screen, SvgOptions options) { return Drawing(screen.engine(), options).run(); }

}  // namespace berth::vt
