// `berth terminal render`: the screen that a stream leaves.
#include <vector>

#include "cli/actions.hpp"
#include "os/file.hpp"
#include "vt/screen.hpp"

namespace berth::cli {

Result<int> render_terminal(const Context& context, const verb::TerminalRender& verb) {
  constexpr std::size_t read_bytes = 256 << 10;
  UniqueFd opened;
  int fd = context.output.streams().in;
  if (!verb.file.empty() && verb.file != "-") {
    TRY_ASSIGN(opened, os::open_read(verb.file));
    fd = opened.get();
  }
  vt::Screen screen({.size = {.cols = verb.cols, .rows = verb.rows}});
  std::vector<char> buffer(read_bytes);
  for (;;) {
    TRY_ASSIGN(const auto count, os::read_some(fd, buffer));
    if (count && *count == 0) break;
    if (count) screen.feed({buffer.data(), *count});
    (void)screen.take_replies();  // nobody asks: the program is gone
  }
  if (verb.vt) {
    context.output.print(vt::redraw(screen));
  } else if (verb.svg) {
    context.output.print(vt::svg(screen));
  } else if (context.output.json() && !verb.text) {
    context.output.print(vt::cells_json(screen) + "\n");
  } else {
    context.output.print(vt::text(screen));
  }
  return Success;
}

}  // namespace berth::cli
