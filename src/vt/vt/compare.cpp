// In what two screens differ.
#include "vt/engine.hpp"
#include "vt/screen.hpp"
#include "vt/sgr.hpp"

namespace berth::vt {
namespace {

class Comparison {
 public:
  Comparison(const Engine& one, const Engine& other) : one_(one), other_(other) {}

  std::string run() {
    number("columns", one_.cols(), other_.cols());
    number("rows", one_.rows(), other_.rows());
    number("lines of scrollback", one_.history.size(), other_.history.size());
    number("alternate", one_.alternate != nullptr, other_.alternate != nullptr);
    if (!found_.empty()) return found_;
    for (std::size_t i = 0; i < one_.history.size(); ++i)
      line("scrollback " + std::to_string(i), decode_line(one_.history[i]), decode_line(other_.history[i]));
    surface("primary", one_.primary, other_.primary);
    if (one_.alternate) surface("alternate", *one_.alternate, *other_.alternate);
    number("cursor x", one_.x, other_.x);
    number("cursor y", one_.y, other_.y);
    text("pen", style(one_, one_.pen), style(other_, other_.pen));
    same("character sets", one_.charsets == other_.charsets);
    for (const ModeInfo& info : mode_table)
      number("mode " + std::string(info.name), one_.modes[info.mode], other_.modes[info.mode]);
    number("mouse tracking", one_.mouse_tracking, other_.mouse_tracking);
    number("mouse encoding", one_.mouse_encoding, other_.mouse_encoding);
    number("cursor style", one_.cursor_style, other_.cursor_style);
    number("modifyOtherKeys", one_.modify_other_keys, other_.modify_other_keys);
    text("title", one_.title, other_.title);
    text("icon name", one_.icon, other_.icon);
    same("pushed titles", one_.titles == other_.titles);
    same("colors", one_.colors == other_.colors);
    number("repeatable", one_.can_repeat(), other_.can_repeat());
    text("pending", one_.parser.pending(), other_.parser.pending());
    return found_;
  }

 private:
  void same(const std::string& what, bool equal) {
    if (found_.empty() && !equal) found_ = what;
  }
  void text(const std::string& what, const std::string& one, const std::string& other) {
    if (found_.empty() && one != other) found_ = what + ": '" + one + "' and '" + other + "'";
  }
  void number(const std::string& what, std::size_t one, std::size_t other) {
    text(what, std::to_string(one), std::to_string(other));
  }
  static std::string style(const Engine& engine, const Style& style) {
    return sgr_of(style) + (style.has(Style::Protected) ? " protected" : "") +
           (style.link != 0 ? " link " + engine.link(style.link) : "");
  }
  static std::string shown(const Engine& engine, const Line& line) {
    std::string out = line.continues ? "continues " : "";
    for (const Run& run : line.runs) {
      out += "[" + style(engine, run.style) + "|";
      out += run.blank ? std::to_string(run.columns) + " blank]" : run.text + "]";
    }
    return out;
  }
  void line(const std::string& what, const Line& one, const Line& other) {
    if (found_.empty()) text(what, shown(one_, one), shown(other_, other));
  }
  void surface(const std::string& name, const Surface& one, const Surface& other) {
    for (int row = 0; row < one.grid.rows() && found_.empty(); ++row)
      line(name + " row " + std::to_string(row), one_.line(one, row), other_.line(other, row));
    number(name + " scroll region top", static_cast<std::size_t>(one.top), static_cast<std::size_t>(other.top));
    number(name + " scroll region bottom", static_cast<std::size_t>(one.bottom),
           static_cast<std::size_t>(other.bottom));
    same(name + " tabs", one.tabs == other.tabs);
    same(name + " saved cursor", one.saved == other.saved);
    same(name + " keyboard flags", one.keyboard == other.keyboard);
  }

  const Engine& one_;
  const Engine& other_;
  std::string found_;
};

}  // namespace

std::string difference(const Screen& one, const Screen& other) {
  return Comparison(one.engine(), other.engine()).run();
}

}  // namespace berth::vt
