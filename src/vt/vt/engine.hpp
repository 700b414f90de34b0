#pragma once
// The state of a terminal and what each control does to it: the inside of Screen (vt/screen.hpp). The parser calls
// text(), code(), execute(), escape(), csi(), osc() and dcs(); outputs read the public state.
//
// Semantics are those of DEC's VT420 and xterm as far as programs rely on them (xterm's ctlseqs), and where these leave
// a choice, of xterm.js, since it shows the same bytes to people. tests/oracle/differences.json lists where and why it
// is otherwise.
//
// The cursor's x is cols() when a character was written into the last column: the next one wraps first. Changes of the
// last cell under such a cursor take that back, so that every state can be drawn again (vt/redraw.cpp).

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "vt/grid.hpp"
#include "vt/line.hpp"
#include "vt/modes.hpp"
#include "vt/parser.hpp"
#include "vt/style.hpp"
#include "vt/text_table.hpp"

namespace berth::vt {

struct Charsets {
  std::array<char, 4> sets{'B', 'B', 'B', 'B'};  // G0 to G3: B ASCII, 0 DEC special graphics, A British
  std::uint8_t active = 0;                       // of these, for GL
  bool operator==(const Charsets&) const = default;
};

struct SavedCursor {
  int x = 0, y = 0;
  Style pen;  // without link
  Charsets charsets;
  bool origin = false;
  bool operator==(const SavedCursor&) const = default;
};

// Flags of the kitty keyboard protocol: a base value and what programs pushed.
struct KeyboardFlags {
  static constexpr std::size_t most = 8;
  std::vector<std::uint8_t> stack{0};
  [[nodiscard]] std::uint8_t current() const { return stack.back(); }
  bool operator==(const KeyboardFlags&) const = default;
};

// One of the two screens.
struct Surface {
  explicit Surface(TerminalSize size);
  Grid grid;
  int top = 0, bottom;     // scroll region, inclusive
  std::vector<bool> tabs;  // by column
  SavedCursor saved;
  KeyboardFlags keyboard;
};
void set_default_tabs(std::vector<bool>& tabs, std::size_t from);

class Engine {
 public:
  Engine(TerminalSize size, std::uint32_t scrollback_lines);

  void feed(std::string_view bytes) { parser.feed(bytes, *this); }
  void resize(TerminalSize size);
  void reset();  // RIS

  // The parser's handler.
  void text(std::string_view ascii);
  void code(char32_t code);
  void execute(unsigned char control);
  void escape(const Sequence& sequence);
  void csi(const Sequence& sequence);
  void osc(std::string_view payload);
  void dcs(const Sequence& sequence, std::string_view payload);

  [[nodiscard]] Surface& active() { return alternate ? *alternate : primary; }
  [[nodiscard]] const Surface& active() const { return alternate ? *alternate : primary; }
  [[nodiscard]] int cols() const { return size.cols; }
  [[nodiscard]] int rows() const { return size.rows; }
  [[nodiscard]] Line line(const Surface& surface, int y) const;
  [[nodiscard]] const std::string& link(std::uint16_t id) const { return links[id]; }  // parameters, newline, address
  [[nodiscard]] std::size_t memory() const;
  // REP would repeat the character before the cursor: it was the last thing that came, and stands there with this pen.
  [[nodiscard]] bool can_repeat() const;
  [[nodiscard]] int last_width() const { return last_width_; }

  static constexpr std::size_t max_replies_bytes = 64 << 10, max_title_bytes = 1024, max_titles = 10,
                               max_cluster_bytes = 64, max_link_bytes = 4096, max_history_bytes = 64 << 20;

  TerminalSize size;
  std::uint32_t scrollback_limit;
  Parser parser;
  StyleTable styles;
  TextTable clusters, links;
  Surface primary;
  std::unique_ptr<Surface> alternate;  // there while it is active
  std::deque<std::string> history;     // encoded lines, the oldest first
  std::size_t history_bytes = 0;       // of them
  bool history_dropped = false;        // some went, since they were too many
  int x = 0, y = 0;
  Style pen;
  Charsets charsets;
  Modes modes;
  std::uint16_t mouse_tracking = 0, mouse_encoding = 0;
  std::uint8_t cursor_style = 0;       // DECSCUSR; 0 is the terminal's own
  std::uint8_t modify_other_keys = 0;  // XTMODKEYS, resource 4
  std::string title, icon;
  std::vector<std::pair<std::string, std::string>> titles;  // pushed title and icon
  std::map<std::uint16_t, std::uint32_t>
      colors;  // palette entries that were set; 256 foreground, 257 background, 258 cursor
  std::string replies;

 private:
  // Printing (engine_print.cpp).
  void print_run(std::string_view ascii);
  void print_one(char32_t code, int width);
  void join(char32_t code);
  void wrap();
  void repeat(int count);
  [[nodiscard]] char32_t translated(char byte) const;
  void refresh_ids();
  [[nodiscard]] StyleId pen_id() {
    if (pen_changed_) refresh_ids();
    return pen_id_;
  }
  [[nodiscard]] StyleId blank_id() {
    if (pen_changed_) refresh_ids();
    return blank_id_;
  }
  void collect_styles();
  void collect_links();
  void collect_clusters();

  // Moving (engine_move.cpp).
  void line_feed();
  void index();
  void reverse_index();
  void backspace();
  void tab(int count);
  void back_tab(int count);
  void restrict_cursor(int last_column);
  void restrict_cursor() { restrict_cursor(cols() - 1); }
  void set_cursor(int column, int row);
  void move_cursor(int columns, int lines);
  void cursor_up(int lines);
  void cursor_down(int lines);
  void scroll_region_up(int count, StyleId blank, bool keep);
  void scroll_region_down(int count, StyleId blank);
  void first_row_begins();
  void save_cursor();
  void restore_cursor();
  void set_scroll_region(const Sequence& sequence);

  // Editing (engine_edit.cpp).
  void erase_display(int how, bool selective);
  void erase_line(int how, bool selective);
  void erase_cells(int row, int begin, int end, bool selective);
  void clear_rows(int first, int last, bool selective);
  void insert_lines(int count);
  void delete_lines(int count);
  void shift_columns(int column, int count, bool insert);
  void alignment_pattern();
  void push_history();
  std::string drop_oldest();
  void clear_history();

  // Everything else.
  void select_graphics(const Sequence& sequence);
  void set_modes(const Sequence& sequence, bool dec, bool on);
  void set_dec_mode(int number, bool on);
  void enter_alternate();
  void leave_alternate();
  void soft_reset();
  void set_cursor_style(const Sequence& sequence);
  void keyboard(const Sequence& sequence);
  void window(const Sequence& sequence);
  void report_mode(const Sequence& sequence, bool dec);
  void report_status(const Sequence& sequence);
  void report_setting(std::string_view setting);
  void csi_extended(const Sequence& sequence);
  void designate(const Sequence& sequence);
  void set_link(std::string_view payload);
  void set_colors(int command, std::string_view payload);
  void reset_colors(int command, std::string_view payload);
  void reply(std::string_view text);
  void resize_primary(TerminalSize to);
  void resize_alternate(TerminalSize to);
  void draw(Grid& grid, int row, const Line& line);

  StyleId pen_id_ = 0, blank_id_ = 0;
  bool pen_changed_ = false;
  int last_width_ = 0;  // of the character before, when nothing came between: for REP
};

}  // namespace berth::vt
