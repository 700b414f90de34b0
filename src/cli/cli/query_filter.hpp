#pragma once
// Takes the questions out of output that is shown again. A program that asked the terminal where its cursor is was
// answered when it asked; asked again by a replay, the terminal would answer again, and the answer would be typed into
// whatever reads the keyboard now.
//
// Questions (ECMA-48; xterm control sequences): ENQ, DECID (ESC Z), DSR (CSI … n), DA (CSI … c), DECRQM (CSI … $ p),
// DECREQTPARM (CSI … x), XTVERSION (CSI > q), kitty keyboard (CSI ? u), window reports (CSI 11 to 21 t), OSC that ends
// in "?", DECRQSS and XTGETTCAP (DCS). Everything else passes as it is, wherever the bytes are split.
//
// Pure. Holds back at most `longest` bytes of an unfinished sequence; a longer one passes.

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::cli {

class QueryFilter {
 public:
  static constexpr std::size_t longest = 512;
  [[nodiscard]] std::string feed(std::string_view output);
  [[nodiscard]] std::string flush();  // what is held back, as it is

 private:
  enum class State { Text, Escape, Csi, String, StringEscape };
  void take(char c, std::string& out);
  void end_sequence(std::string& out);
  State state_ = State::Text;
  std::string held_;
};

}  // namespace berth::cli
