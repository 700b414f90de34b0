#include "vt/engine.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

void trim(std::string& out, std::string_view blanks) { out.resize(out.find_last_not_of(blanks) + 1); }

}  // namespace

std::string text(const Screen& screen, TextOptions options) {
  const Engine& engine = screen.engine();
  std::string out, current;
  bool first = true;
  const auto add = [&](const Line& line) {
    if (!first && !(options.unwrap && line.continues)) {
      trim(current, " ");
      out += current + '\n';
      current.clear();
    }
    first = false;
    current += line.text();
  };
  if (options.scrollback && !engine.alternate)
    for (const std::string& line : engine.history) add(decode_line(line));
  for (int row = 0; row < engine.rows(); ++row) add(engine.line(engine.active(), row));
  trim(current, " ");
  out += current;
  trim(out, "\n");
  if (!out.empty()) out += '\n';
  return out;
}

}  // namespace berth::vt
