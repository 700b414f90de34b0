#pragma once
// The modes that programs switch with SM, RM, DECSET and DECRST, in one table: number, whether it is a DEC private one,
// what it is after a reset, and how JSON calls it. Mouse tracking and encoding are choices of one, so they stand apart.
// Pure.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::vt {

enum class Mode : std::uint8_t {
  Insert,
  NewLine,
  CursorKeys,
  ReverseVideo,
  Origin,
  Wrap,
  CursorBlink,
  CursorVisible,
  ReverseWrap,
  Keypad,
  Focus,
  AlternateScroll,
  BracketedPaste,
  Synchronized,
  ColorScheme,
  count,
};

struct ModeInfo {
  Mode mode;
  std::uint16_t number;
  bool dec, initial;
  bool soft;  // DECSTR sets it back
  std::string_view name;
};
constexpr std::array<ModeInfo, static_cast<std::size_t>(Mode::count)> mode_table = {{
    {Mode::Insert, 4, false, false, true, "insert"},
    {Mode::NewLine, 20, false, false, false, "new_line"},
    {Mode::CursorKeys, 1, true, false, true, "application_cursor"},
    {Mode::ReverseVideo, 5, true, false, false, "reverse_video"},
    {Mode::Origin, 6, true, false, true, "origin"},
    {Mode::Wrap, 7, true, true, true, "wraparound"},
    {Mode::CursorBlink, 12, true, false, false, "cursor_blink"},
    {Mode::CursorVisible, 25, true, true, true, "cursor_visible"},
    {Mode::ReverseWrap, 45, true, false, true, "reverse_wraparound"},
    {Mode::Keypad, 66, true, false, true, "application_keypad"},
    {Mode::Focus, 1004, true, false, true, "focus_events"},
    {Mode::AlternateScroll, 1007, true, false, false, "alternate_scroll"},
    {Mode::BracketedPaste, 2004, true, false, true, "bracketed_paste"},
    {Mode::Synchronized, 2026, true, false, true, "synchronized_output"},
    {Mode::ColorScheme, 2031, true, false, false, "color_scheme_events"},
}};

class Modes {
 public:
  Modes() {
    for (const ModeInfo& info : mode_table) set(info.mode, info.initial);
  }
  [[nodiscard]] bool operator[](Mode mode) const { return (bits_ >> static_cast<int>(mode) & 1) != 0; }
  void set(Mode mode, bool on) {
    const std::uint32_t bit = 1u << static_cast<int>(mode);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
  }
  bool operator==(const Modes&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

[[nodiscard]] constexpr std::optional<Mode> find_mode(int number, bool dec) {
  for (const ModeInfo& info : mode_table)
    if (info.number == number && info.dec == dec) return info.mode;
  return std::nullopt;
}

// What is reported of the mouse, and how: the numbers are those of DECSET. 0 is nothing, or the form of X10.
constexpr std::array<std::uint16_t, 4> mouse_tracking_modes = {9, 1000, 1002, 1003};
constexpr std::array<std::uint16_t, 4> mouse_encoding_modes = {1005, 1006, 1015, 1016};

}  // namespace berth::vt
