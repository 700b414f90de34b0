#include "vt/html.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "vt/engine.hpp"
#include "vt/palette.hpp"

namespace berth::vt {
namespace {

constexpr std::size_t piece_lines = 200;
constexpr double least_contrast = 4.5;

struct Ground {
  std::uint32_t paper, ink;
};
constexpr Ground light{0xffffff, 0x1f2328}, dark{0x0d1117, 0xe6edf3};

constexpr const char* head =
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
    "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
    "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
    "<style>\n"
    "body{margin:1rem;background:#ffffff;color:#1f2328}\n"
    "pre{font:0.875rem/1.3 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;margin:0}\n"
    "p{font:0.875rem/1.5 system-ui,sans-serif;margin:0 0 1rem}\n"
    "a{color:inherit}\n"
    ".f{color:var(--l)}.g{background:var(--m)}\n"
    "@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.f{color:var(--d)}.g{background:var(--e)}}\n"
    "</style>\n";

void append_escaped(std::string& out, std::string_view text) {
  for_each_code(text, [&out](char32_t code) {
    switch (code) {
      case '&': out += "&amp;"; return;
      case '<': out += "&lt;"; return;
      case '>': out += "&gt;"; return;
      case '"': out += "&quot;"; return;
      default: break;
    }
    const bool in_xml = code >= 0x20 && code != 0xFFFE && code != 0xFFFF && (code < 0x7F || code >= 0xA0);
    append_utf8(out, in_xml ? code : replacement_character);
  });
}

std::string hex(std::uint32_t rgb) {
  char text[8];
  std::snprintf(text, sizeof text, "#%06x", rgb & 0xffffff);
  return text;
}

// WCAG 2.1, relative luminance.
double luminance(std::uint32_t rgb) {
  const auto part = [rgb](int shift) {
    const double value = (rgb >> shift & 255) / 255.0;
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0);
}

std::uint32_t mixed(std::uint32_t from, std::uint32_t to, int sixteenths) {
  std::uint32_t out = 0;
  for (const int shift : {16, 8, 0}) {
    const int a = static_cast<int>(from >> shift & 255), b = static_cast<int>(to >> shift & 255);
    out |= static_cast<std::uint32_t>(a + (b - a) * sixteenths / 16) << shift;
  }
  return out;
}

bool is_web(std::string_view link) { return link.starts_with("https://") || link.starts_with("http://"); }

}  // namespace

double contrast(std::uint32_t one, std::uint32_t other) {
  const double a = luminance(one), b = luminance(other);
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

std::uint32_t readable(std::uint32_t color, std::uint32_t ground) {
  const std::uint32_t far = contrast(ground, 0xffffff) > contrast(ground, 0) ? 0xffffff : 0;
  for (int step = 0; step < 16; ++step)
    if (const auto now = mixed(color, far, step); contrast(now, ground) >= least_contrast) return now;
  return far;
}

std::size_t HtmlWriter::lines() const {
  return (engine_.alternate ? 0 : engine_.history.size()) + static_cast<std::size_t>(engine_.rows());
}

bool HtmlWriter::append(std::string& out) {
  if (ended_) return false;
  if (!begun_) begin(out);
  begun_ = true;
  const std::size_t above = engine_.alternate ? 0 : engine_.history.size();
  const std::size_t until = std::min(lines(), next_ + piece_lines);
  for (; next_ < until; ++next_)
    line(out, next_ < above ? decode_line(engine_.history[next_]) : engine_.line(engine_.active(), static_cast<int>(next_ - above)));
  if (next_ < lines()) return true;
  out += "</pre>\n</body>\n</html>\n";
  ended_ = true;
  return true;
}

void HtmlWriter::begin(std::string& out) const {
  out += "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  out += head;
  out += "<title>";
  append_escaped(out, options_.title);
  out += "</title>\n</head>\n<body>\n";
  if (!options_.note.empty()) {
    out += "<p>";
    append_escaped(out, options_.note);
    out += "</p>\n";
  }
  out += "<pre>";
}

void HtmlWriter::line(std::string& out, const Line& line) const {
  for (const Run& each : line.runs) run(out, each);
  out += '\n';
}

void HtmlWriter::run(std::string& out, const Run& run) const {
  const Style& style = run.style;
  std::string link;
  if (style.link != 0) link = engine_.link(style.link);
  if (!link.empty()) link.erase(0, link.find('\n') + 1);
  if (!is_web(link)) link.clear();
  const std::string attributes = look(style);
  if (!attributes.empty()) out += "<span" + attributes + '>';
  if (!link.empty()) {
    out += "<a rel=\"noopener noreferrer\" href=\"";
    append_escaped(out, link);
    out += "\">";
  }
  if (run.blank || style.has(Style::Invisible)) {
    out.append(static_cast<std::size_t>(run.columns), ' ');
  } else {
    append_escaped(out, run.text);
  }
  if (!link.empty()) out += "</a>";
  if (!attributes.empty()) out += "</span>";
}

// Classes and values for both grounds; empty when the run looks like plain text.
std::string HtmlWriter::look(const Style& style) const {
  const bool swapped = style.has(Style::Inverse) != engine_.modes[Mode::ReverseVideo];
  Color ink = style.foreground, paper = style.background;
  if (style.has(Style::Bold) && ink.is_index() && ink.number() < 8) ink = Color::index(ink.number() + 8);
  const auto number = [this](Color color, std::uint32_t otherwise) {
    return color.is_default() ? otherwise : color_of(engine_.colors, color, foreground_color);
  };
  std::string css, classes;
  const auto both = [&](const Ground& ground) {
    std::uint32_t front = number(ink, ground.ink), back = number(paper, ground.paper);
    if (swapped) std::swap(front, back);
    return Ground{back, readable(front, back)};
  };
  const bool own_ground = swapped || !paper.is_default();
  const Ground on_light = both(light), on_dark = both(dark);
  if (own_ground || !ink.is_default()) {
    classes = own_ground ? "f g" : "f";
    css += "--l:" + hex(on_light.ink) + ";--d:" + hex(on_dark.ink) + ';';
    if (own_ground) css += "--m:" + hex(on_light.paper) + ";--e:" + hex(on_dark.paper) + ';';
  }
  if (style.has(Style::Bold)) css += "font-weight:bold;";
  if (style.has(Style::Italic)) css += "font-style:italic;";
  std::string decoration;
  if (style.underline() != Underline::None) decoration += " underline";
  if (style.has(Style::Strike)) decoration += " line-through";
  if (style.has(Style::Overline)) decoration += " overline";
  if (!decoration.empty()) css += "text-decoration:" + decoration.substr(1) + ';';
  if (css.empty()) return {};
  css.pop_back();
  return (classes.empty() ? "" : " class=\"" + classes + "\"") + " style=\"" + css + '"';
}

}  // namespace berth::vt
