// A screen as JSON: {"cols","rows","cursor":{"x","y","visible","style","pending_wrap"},"alternate","title","modes":{…},
// "scroll_region":[top,bottom],"lines":[{"wrapped","runs":[{"text","columns",…}]}]}. Positions count from 0. A run
// tells what is not usual: fg and bg (0 to 255, or "#rrggbb"), bold and the like, underline, underline_color, link;
// "blank" is true where nothing was written.
#include "vt/engine.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

constexpr char digits[] = "0123456789abcdef";

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += std::string("\\u00") + digits[c >> 4 & 15] + digits[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_of(Color color) {
  if (color.is_index()) return std::to_string(color.number());
  std::string out = "\"#";
  for (int shift = 20; shift >= 0; shift -= 4) out += digits[color.number() >> shift & 15];
  return out + '"';
}

void append_style(std::string& out, const Engine& engine, const Style& style) {
  constexpr std::pair<Style::Attribute, const char*> attributes[] = {{Style::Bold, "bold"},
                                                                     {Style::Faint, "faint"},
                                                                     {Style::Italic, "italic"},
                                                                     {Style::Blink, "blink"},
                                                                     {Style::Inverse, "inverse"},
                                                                     {Style::Invisible, "invisible"},
                                                                     {Style::Strike, "strikethrough"},
                                                                     {Style::Overline, "overline"},
                                                                     {Style::Protected, "protected"}};
  constexpr const char* underlines[] = {"none", "single", "double", "curly", "dotted", "dashed"};
  if (!style.foreground.is_default()) out += ",\"fg\":" + json_of(style.foreground);
  if (!style.background.is_default()) out += ",\"bg\":" + json_of(style.background);
  for (const auto& [attribute, name] : attributes)
    if (style.has(attribute)) out += std::string(",\"") + name + "\":true";
  if (style.underline() != Underline::None)
    out += std::string(",\"underline\":\"") + underlines[static_cast<int>(style.underline())] + '"';
  if (!style.underline_color.is_default()) out += ",\"underline_color\":" + json_of(style.underline_color);
  if (style.link != 0) {
    const std::string& link = engine.link(style.link);
    out += ",\"link\":" + quoted(std::string_view(link).substr(link.find('\n') + 1));
  }
}

void append_line(std::string& out, const Engine& engine, const Line& line) {
  out += std::string("{\"wrapped\":") + (line.continues ? "true" : "false") + ",\"runs\":[";
  for (std::size_t i = 0; i < line.runs.size(); ++i) {
    const Run& run = line.runs[i];
    out += (i > 0 ? "," : "") + std::string("{\"text\":");
    out += quoted(run.blank ? std::string(static_cast<std::size_t>(run.columns), ' ') : run.text);
    out += ",\"columns\":" + std::to_string(run.columns);
    if (run.blank) out += ",\"blank\":true";
    append_style(out, engine, run.style);
    out += '}';
  }
  out += "]}";
}

std::string json_of_modes(const Engine& engine) {
  std::string out = "{";
  for (const ModeInfo& info : mode_table)
    out += '"' + std::string(info.name) + (engine.modes[info.mode] ? "\":true," : "\":false,");
  return out + "\"mouse_tracking\":" + std::to_string(engine.mouse_tracking) +
         ",\"mouse_encoding\":" + std::to_string(engine.mouse_encoding) +
         ",\"keyboard_flags\":" + std::to_string(engine.active().keyboard.current()) +
         ",\"modify_other_keys\":" + std::to_string(engine.modify_other_keys) + "}";
}

}  // namespace

std::string cells_json(const Screen& screen) {
  const Engine& engine = screen.engine();
  const bool pending = engine.x >= engine.cols();
  std::string out = "{\"cols\":" + std::to_string(engine.cols()) + ",\"rows\":" + std::to_string(engine.rows());
  out += ",\"cursor\":{\"x\":" + std::to_string(pending ? engine.cols() - 1 : engine.x);
  out += ",\"y\":" + std::to_string(engine.y);
  out += std::string(",\"visible\":") + (engine.modes[Mode::CursorVisible] ? "true" : "false");
  out += ",\"style\":" + std::to_string(engine.cursor_style);
  out += std::string(",\"pending_wrap\":") + (pending ? "true" : "false") + "}";
  out += std::string(",\"alternate\":") + (engine.alternate ? "true" : "false");
  out += ",\"title\":" + quoted(engine.title) + ",\"modes\":" + json_of_modes(engine);
  out +=
      ",\"scroll_region\":[" + std::to_string(engine.active().top) + "," + std::to_string(engine.active().bottom) + "]";
  out += ",\"lines\":[";
  for (int row = 0; row < engine.rows(); ++row) {
    if (row > 0) out += ',';
    append_line(out, engine, engine.line(engine.active(), row));
  }
  return out + "]}";
}

}  // namespace berth::vt
