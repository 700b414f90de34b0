#pragma once
// What a person would see: a terminal's screen, computed from its output. Fed the bytes in any pieces, it holds cells,
// colours, cursor, modes and scrollback, and writes them as a stream that draws them again (for viewers), as text, as
// JSON, as an image, and as bytes to keep (for checkpoints).
//
// Terminal: UTF-8, VT420 and xterm controls as far as programs use them: true colour, underline styles, hyperlinks,
// alternate screen, kitty's keyboard flags, synchronized output. Widths are those of vt/width.hpp. Images (sixel,
// kitty), clipboard and other strings pass by unseen. What it does not know it skips.
//
// Not thread-safe: one Screen is one terminal on one strand. Moves, does not copy: save() and load() make another.
//
// Memory: 6 bytes a cell, twice while the alternate screen is active; scrollback about as many bytes as its text; one
// control sequence of at most 16 KiB; at most 64 KiB of replies and 4 MiB each of hyperlinks and combined characters.
// No input makes it grow beyond. Sizes outside 2 × 1 to 1,000 × 1,000 are clamped, see clamp().
//
// Example (std::string_view output):
//   vt::Screen screen({.size = {.cols = 80, .rows = 24}, .scrollback_lines = 1000});
//   screen.feed(output);
//   screen.resize({.cols = 120, .rows = 40});
//   std::string answers = screen.take_replies();         // to be written to the program
//   std::string lines = vt::text(screen);                // what is there to read
//   std::string stream = vt::redraw(screen);             // for a viewer's terminal that was just reset
//   TRY_ASSIGN(vt::Screen same, vt::load(vt::save(screen)));

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/units.hpp"

namespace berth::vt {

class Engine;

struct ScreenOptions {
  TerminalSize size;
  std::uint32_t scrollback_lines = 0;  // kept above the primary screen, and 64 MiB at most; the oldest go first
};

class Screen {
 public:
  static constexpr std::uint16_t min_cols = 2, min_rows = 1, max_cols = 1000, max_rows = 1000;
  [[nodiscard]] static TerminalSize clamp(TerminalSize size);

  explicit Screen(ScreenOptions options);
  Screen(Screen&&) noexcept;
  Screen& operator=(Screen&&) noexcept;
  ~Screen();

  void feed(std::string_view bytes);
  // Wraps the primary screen and its scrollback anew; the alternate screen is cut or grows.
  void resize(TerminalSize size);
  // Answers to what programs asked (DA, DSR, DECRQM, …) since the last call, to be written to the program, once.
  [[nodiscard]] std::string take_replies();

  [[nodiscard]] TerminalSize size() const;
  [[nodiscard]] bool alternate() const;  // a full-screen program is on
  [[nodiscard]] const std::string& title() const;
  [[nodiscard]] std::size_t scrollback_lines() const;
  [[nodiscard]] bool scrollback_dropped() const;                   // there were more lines than are kept
  [[nodiscard]] std::size_t memory() const;                        // bytes in use, about
  [[nodiscard]] const Engine& engine() const { return *engine_; }  // for the functions below

 private:
  std::unique_ptr<Engine> engine_;
};

struct RedrawOptions {
  bool scrollback = false;  // the lines above the screen first
  bool reset = false;       // begin with a full reset (RIS), for a terminal in unknown state
};
// A VT stream that draws everything again in a terminal of the same size that was just reset: cells and attributes of
// both screens, cursor, modes, scroll region, tabs, character sets, saved cursors, keyboard flags, hyperlinks, title,
// colours, and the beginning of a control sequence that has not ended yet, so that the program's next byte may follow.
[[nodiscard]] std::string redraw(const Screen& screen, RedrawOptions options = {});

struct TextOptions {
  bool scrollback = false;
  bool unwrap = false;  // what was wrapped as one line
};
// Lines without blanks at their end, each with a newline; none for the empty lines at the end.
[[nodiscard]] std::string text(const Screen& screen, TextOptions options = {});

// One JSON object: size, cursor, modes, title, and each line as runs of equal attributes. docs/api.md describes it.
[[nodiscard]] std::string cells_json(const Screen& screen);

struct SvgOptions {
  int font_size = 14;  // pixels
  bool cursor = true;
};
// One image, as a standalone SVG document in the fonts of the viewer.
[[nodiscard]] std::string svg(const Screen& screen, SvgOptions options = {});

// Everything as compact bytes with version and checksum (form: vt/save.cpp), scrollback included. load() takes at most
// `max_saved_bytes`, and tells damage (Damaged), another version (Unsupported) and what is too large (TooLarge).
constexpr std::size_t max_saved_bytes = 64 << 20;
[[nodiscard]] std::string save(const Screen& screen);
[[nodiscard]] Result<Screen> load(std::string_view saved);

// The first thing in which two screens differ, for tests and people; empty when they are equal in everything that
// save() keeps.
[[nodiscard]] std::string difference(const Screen& one, const Screen& other);

}  // namespace berth::vt
