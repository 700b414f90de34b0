#include "cli/query_filter.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace berth::cli {
namespace {

constexpr char bell = '\a', enquiry = '\x05', escape = '\x1b';

bool is_window_report(std::string_view parameters) {
  int operation = 0;
  auto [end, error] = std::from_chars(parameters.data(), parameters.data() + parameters.size(), operation);
  return error == std::errc{} && operation >= 11 && operation <= 21;
}

// `sequence` is whole: ESC [ … final
bool is_csi_question(std::string_view sequence) {
  char final = sequence.back();
  std::string_view parameters = sequence.substr(2, sequence.size() - 3);
  switch (final) {
    case 'n':
    case 'c':
    case 'x': return true;
    case 'p': return parameters.ends_with('$');
    case 'q': return parameters.starts_with('>');
    case 'u': return parameters == "?";
    case 't': return is_window_report(parameters);
    default: return false;
  }
}

// `sequence` is whole: ESC ] or ESC P, the text, then BEL or ESC backslash
bool is_string_question(std::string_view sequence) {
  std::string_view text = sequence.substr(2);
  text.remove_suffix(text.ends_with(bell) ? 1 : 2);
  if (sequence[1] == ']') return text.ends_with('?');
  return text.starts_with("$q") || text.starts_with("+q");
}

}  // namespace

std::string QueryFilter::feed(std::string_view output) {
  std::string out;
  out.reserve(output.size());
  while (!output.empty()) {
    if (state_ == State::Text) {  // most bytes are text: copied in one piece
      auto end = std::min(output.find_first_of("\x1b\x05"), output.size());
      out += output.substr(0, end);
      output.remove_prefix(end);
      if (output.empty()) break;
    }
    take(output.front(), out);
    output.remove_prefix(1);
  }
  return out;
}

std::string QueryFilter::flush() {
  state_ = State::Text;
  return std::exchange(held_, {});
}

void QueryFilter::take(char c, std::string& out) {
  if (state_ == State::Text && c == enquiry) return;
  bool restarts = c == escape && state_ != State::Text && state_ != State::String && state_ != State::StringEscape;
  if (restarts || held_.size() >= longest) out += flush();
  held_ += c;
  switch (state_) {
    case State::Text:
      if (c == escape)
        state_ = State::Escape;
      else
        end_sequence(out);
      return;
    case State::Escape:
      if (c == '[')
        state_ = State::Csi;
      else if (c == ']' || c == 'P')
        state_ = State::String;
      else
        end_sequence(out);
      return;
    case State::Csi:
      if (c >= 0x40 && c <= 0x7e) end_sequence(out);
      return;
    case State::String:
      if (c == bell)
        end_sequence(out);
      else if (c == escape)
        state_ = State::StringEscape;
      return;
    case State::StringEscape:
      if (c == '\\')
        end_sequence(out);
      else
        out += flush();  // the string was cut off by another sequence
      return;
  }
}

void QueryFilter::end_sequence(std::string& out) {
  bool question = false;
  if (state_ == State::Escape) question = held_ == "\x1bZ";
  if (state_ == State::Csi) question = is_csi_question(held_);
  if (state_ == State::String || state_ == State::StringEscape) question = is_string_question(held_);
  if (question) held_.clear();
  out += flush();
}

}  // namespace berth::cli
