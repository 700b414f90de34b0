#include "cli/screen_state.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t longest_numbers = 64;

bool names_alternate(std::string_view numbers) {
  while (!numbers.empty()) {
    auto end = numbers.find(';');
    std::string_view one = numbers.substr(0, end);
    if (one == "1049" || one == "1047" || one == "47") return true;
    numbers = end == std::string_view::npos ? std::string_view() : numbers.substr(end + 1);
  }
  return false;
}

}  // namespace

void ScreenState::feed(std::string_view output) {
  for (char c : output) {
    if (c == '\x1b') {
      state_ = State::Escape;
    } else if (state_ == State::Escape) {
      state_ = c == '[' ? State::Bracket : State::Text;
    } else if (state_ == State::Bracket) {
      state_ = c == '?' ? State::Numbers : State::Text;
      numbers_.clear();
    } else if (state_ == State::Numbers) {
      bool number = (c >= '0' && c <= '9') || c == ';';
      if (number && numbers_.size() < longest_numbers) {
        numbers_ += c;
        continue;
      }
      if ((c == 'h' || c == 'l') && names_alternate(numbers_)) alternate_ = c == 'h';
      state_ = State::Text;
    }
  }
}

// Mouse reports, focus reports and bracketed paste off, plain cursor keys and keypad, cursor visible, plain text.
std::string ScreenState::leave() const {
  std::string out = alternate_ ? "\x1b[?1049l" : "";
  return out + "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>\x1b[?25h\x1b[0m";
}

}  // namespace berth::cli
