#pragma once
// What a program left the person's terminal in, so that leaving it (detach, lost connection) can undo it: whether the
// alternate screen is on (DECSET 1049, 1047, 47; xterm control sequences), found wherever the bytes are split.
// Everything else is reset without asking. Pure.

#include <string>
#include <string_view>

namespace berth::cli {

class ScreenState {
 public:
  void feed(std::string_view output);
  [[nodiscard]] bool alternate() const { return alternate_; }
  [[nodiscard]] std::string leave() const;  // what to write to the terminal

 private:
  enum class State { Text, Escape, Bracket, Numbers };
  State state_ = State::Text;
  std::string numbers_;  // bounded
  bool alternate_ = false;
};

}  // namespace berth::cli
