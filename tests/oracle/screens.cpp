// berth-oracle-screens: for each frame on stdin, "COLS ROWS BYTES\n" and so many bytes of terminal output, one line on
// stdout: the screen as JSON. Also draws each screen again and loads it again, and ends with an error when these
// differ. berth-oracle-screens widths: columns of every code point, one digit each.

#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "vt/screen.hpp"
#include "vt/width.hpp"

namespace {

using berth::vt::Screen;

std::string again(const Screen& screen) {
  Screen drawn({.size = screen.size()});
  drawn.feed(berth::vt::redraw(screen));
  if (const std::string found = berth::vt::difference(screen, drawn); !found.empty()) return "drawn again: " + found;
  const auto loaded = berth::vt::load(berth::vt::save(screen));
  if (!loaded) return "not loaded: " + loaded.error().message;
  return berth::vt::difference(screen, *loaded);
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::strcmp(words[1], "widths") == 0) {
    std::string line;
    for (char32_t code = 0; code < 0x110000; ++code) line += static_cast<char>('0' + berth::vt::width_of(code));
    std::cout << line << '\n';
    return 0;
  }
  std::size_t cols = 0, rows = 0, bytes = 0;
  while (std::cin >> cols >> rows >> bytes) {
    std::cin.ignore();
    std::string stream(bytes, '\0');
    if (!std::cin.read(stream.data(), static_cast<std::streamsize>(bytes))) return 2;
    Screen screen({.size = {.cols = static_cast<std::uint16_t>(cols), .rows = static_cast<std::uint16_t>(rows)}});
    screen.feed(stream);
    if (const std::string found = again(screen); !found.empty()) {
      std::fprintf(stderr, "%s\n", found.c_str());
      return 1;
    }
    std::cout << berth::vt::cells_json(screen) << '\n' << std::flush;
  }
  return 0;
}
