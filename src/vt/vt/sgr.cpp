#include "vt/sgr.hpp"

#include <utility>

namespace berth::vt {
namespace {

// `extended` is 38, 48 or 58; the first two have short forms for the first 16 colours.
void append_color(std::string& out, Color color, int extended) {
  if (color.is_default()) return;
  const std::uint32_t n = color.number();
  if (!color.is_index()) {
    out += ";" + std::to_string(extended) + ";2;" + std::to_string(n >> 16) + ";" + std::to_string(n >> 8 & 255) + ";" +
           std::to_string(n & 255);
  } else if (n < 16 && extended != 58) {
    out += ";" + std::to_string((n < 8 ? extended - 8 + static_cast<int>(n) : extended + 52 + static_cast<int>(n) - 8));
  } else {
    out += ";" + std::to_string(extended) + ";5;" + std::to_string(n);
  }
}

}  // namespace

std::string sgr_of(const Style& style) {
  std::string out = "0";
  constexpr std::pair<Style::Attribute, const char*> attributes[] = {
      {Style::Bold, ";1"},    {Style::Faint, ";2"},     {Style::Italic, ";3"}, {Style::Blink, ";5"},
      {Style::Inverse, ";7"}, {Style::Invisible, ";8"}, {Style::Strike, ";9"}, {Style::Overline, ";53"}};
  for (const auto& [attribute, number] : attributes)
    if (style.has(attribute)) out += number;
  if (style.underline() == Underline::Single) out += ";4";
  if (style.underline() > Underline::Single) out += ";4:" + std::to_string(static_cast<int>(style.underline()));
  append_color(out, style.foreground, 38);
  append_color(out, style.background, 48);
  append_color(out, style.underline_color, 58);
  return out;
}

}  // namespace berth::vt
