#include "vt/marker.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace berth::vt {
namespace {
constexpr char esc = '\x1b';
constexpr char bel = '\x07';
constexpr char can = '\x18';
constexpr char sub = '\x1a';
constexpr std::string_view tmux_name = "tmux;";
constexpr std::size_t longest_number = 4;
constexpr std::size_t kept_capacity = 4096;

bool ends_payload(char c) { return c == esc || c == bel || c == can || c == sub; }
bool is_final(char c) { return c >= 0x40 && c <= 0x7e; }
bool is_alternate(std::uint32_t mode) { return mode == 47 || mode == 1047 || mode == 1049; }

std::size_t payload_length(std::string_view bytes) {
  return static_cast<std::size_t>(std::ranges::find_if(bytes, ends_payload) - bytes.begin());
}
}  // namespace

std::string_view to_string(Marker::Kind kind) {
  constexpr std::array names{"prompt_start", "prompt_other", "input_start", "line_start", "line_end", "line_blank",
                             "command_line", "output_start", "command_end",  "directory",   "title",      "alternate_screen", "main_screen"};
  return names[static_cast<std::size_t>(kind)];
}

void MarkerParser::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const std::size_t used = state_ != State::Ground ? step(bytes, sink) : watching_ ? read_line(bytes, sink) : skip_ground(bytes);
    position_ += used;
    bytes.remove_prefix(used);
  }
}

void MarkerParser::watch_line() {
  watching_ = true;
  line_text_ = false;
  before_ = last_ = 0;
}

// Nearly all bytes of a terminal go through here: what follows an ESC is looked at in place, and only what may be ours
// takes the slow way through the states.
std::size_t MarkerParser::skip_ground(std::string_view bytes) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin;
  while ((at = static_cast<const char*>(std::memchr(at, esc, static_cast<std::size_t>(end - at)))) != nullptr) {
    if (end - at >= 3) {
      const char second = at[1];
      if (second == '[' && at[2] != '?') {
        at += 2;
        continue;
      }
      if (second != '[' && second != ']' && second != 'P' && second != 'c') {
        at += second == esc ? 1 : 2;
        continue;
      }
    }
    const auto skipped = static_cast<std::size_t>(at - begin);
    begin_ = position_ + skipped;
    state_ = State::Escape;
    return skipped + 1;
  }
  return bytes.size();
}

std::size_t MarkerParser::read_line(std::string_view bytes, const Sink& sink) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == esc) {
      begin_ = position_ + i;
      state_ = State::Escape;
      return i + 1;
    }
    if (c == '\n') {
      watching_ = false;
      const bool given_up = before_ == '^' && last_ == 'C';
      const auto kind = line_text_ && !given_up ? Marker::Kind::LineEnd : Marker::Kind::LineBlank;
      sink(Marker{.kind = kind, .begin = position_ + i, .end = position_ + (i + 1)});
      return i + 1;
    }
    if (static_cast<unsigned char>(c) <= ' ') continue;
    line_text_ = true;
    before_ = std::exchange(last_, c);
  }
  return bytes.size();
}

std::size_t MarkerParser::step(std::string_view bytes, const Sink& sink) {
  const char c = bytes[0];
  switch (state_) {
    case State::Escape: return after_escape(c, sink);
    case State::Csi: return csi(c);
    case State::CsiOther:
      if (c == esc) begin_ = position_, state_ = State::Escape;
      else if (is_final(c) || c == can || c == sub) state_ = State::Ground;
      return 1;
    case State::CsiPrivate: return csi_private(c, sink);
    case State::Payload: return take_payload(bytes, sink);
    case State::PayloadEscape:
      if (c != '\\') return restart(), 0;
      state_ = State::Ground;
      dispatch(position_ + 1, sink);
      return 1;
    case State::Other: return skip_other(bytes);
    case State::OtherEscape:
      if (c != '\\') return restart(), 0;
      state_ = State::Ground;
      return 1;
    case State::DcsName: return dcs_name(c);
    case State::Tmux: return take_tmux(bytes);
    case State::TmuxEscape: return tmux_escape(c, sink);
    case State::Ground: break;
  }
  return 0;
}

// A new sequence has begun at the ESC before; this byte is its second.
void MarkerParser::restart() {
  state_ = State::Escape;
  begin_ = ByteOffset{position_.value - 1};
  drop_payload();
}

std::size_t MarkerParser::after_escape(char c, const Sink& sink) {
  state_ = State::Ground;
  switch (c) {
    case esc:
      begin_ = position_;
      state_ = State::Escape;
      break;
    case '[': state_ = State::Csi; break;
    case ']':
      state_ = State::Payload;
      known_ = cut_ = false;
      payload_.clear();
      break;
    case 'P':
      state_ = State::DcsName;
      payload_.clear();
      break;
    case 'c': sink(Marker{.kind = Marker::Kind::Main, .begin = begin_, .end = position_ + 1}); break;
    default: break;
  }
  return 1;
}

std::size_t MarkerParser::csi(char c) {
  if (c != '?') {
    state_ = watching_ ? State::CsiOther : State::Ground;  // its bytes are not text of the line
    return 0;
  }
  state_ = State::CsiPrivate;
  number_ = 0;
  alternate_ = false;
  return 1;
}

void MarkerParser::end_number() {
  alternate_ = alternate_ || is_alternate(number_);
  number_ = 0;
}

std::size_t MarkerParser::csi_private(char c, const Sink& sink) {
  if (c >= '0' && c <= '9') {
    number_ = std::min<std::uint32_t>(number_ * 10 + static_cast<std::uint32_t>(c - '0'), 100'000);
  } else if (c == ';') {
    end_number();
  } else if (c == esc) {
    begin_ = position_;
    state_ = State::Escape;
  } else if (c == can || c == sub) {
    state_ = State::Ground;
  } else if (is_final(c)) {
    state_ = State::Ground;
    end_number();
    if (alternate_ && (c == 'h' || c == 'l'))
      sink(Marker{.kind = c == 'h' ? Marker::Kind::Alternate : Marker::Kind::Main, .begin = begin_, .end = position_ + 1});
  } else if (c >= 0x20) {
    alternate_ = false;
    state_ = State::CsiOther;  // intermediate bytes: another function
  }
  return 1;
}

std::size_t MarkerParser::dcs_name(char c) {
  if (c != tmux_name[payload_.size()]) {
    state_ = State::Ground;
    return 0;
  }
  payload_ += c;
  if (payload_ == tmux_name) {
    payload_.clear();
    cut_ = false;
    state_ = State::Tmux;
  }
  return 1;
}

void MarkerParser::keep(std::string_view bytes) {
  const std::size_t room = max_payload_bytes - payload_.size();
  payload_.append(bytes.substr(0, std::min(bytes.size(), room)));
  if (bytes.size() > room) cut_ = true;
}

std::size_t MarkerParser::take_payload(std::string_view bytes, const Sink& sink) {
  if (!known_) bytes = bytes.substr(0, longest_number + 1);
  const std::size_t length = payload_length(bytes);
  keep(bytes.substr(0, length));
  if (!known_) {
    const std::string_view so_far = payload_;
    const std::size_t number = so_far.find(';');
    known_ = number != std::string_view::npos && is_marker_number(so_far.substr(0, number));
    if (!known_ && (number != std::string_view::npos || so_far.size() > longest_number)) {
      state_ = State::Other;
      drop_payload();
      return length;
    }
  }
  if (length == bytes.size()) return length;
  const char last = bytes[length];
  state_ = last == esc ? State::PayloadEscape : State::Ground;
  if (last == bel) dispatch(position_ + (length + 1), sink);
  if (last == can || last == sub) drop_payload();
  return length + 1;
}

std::size_t MarkerParser::skip_other(std::string_view bytes) {
  const std::size_t length = payload_length(bytes);
  if (length == bytes.size()) return length;
  state_ = bytes[length] == esc ? State::OtherEscape : State::Ground;
  return length + 1;
}

std::size_t MarkerParser::take_tmux(std::string_view bytes) {
  const auto stop = std::ranges::find_if(bytes, [](char c) { return c == esc || c == can || c == sub; });
  const auto length = static_cast<std::size_t>(stop - bytes.begin());
  keep(bytes.substr(0, length));
  if (length == bytes.size()) return length;
  state_ = *stop == esc ? State::TmuxEscape : State::Ground;
  if (state_ == State::Ground) drop_payload();
  return length + 1;
}

std::size_t MarkerParser::tmux_escape(char c, const Sink& sink) {
  if (c == esc) {
    keep({&esc, 1});
    state_ = State::Tmux;
    return 1;
  }
  if (c != '\\') return restart(), 0;
  state_ = State::Ground;
  dispatch_tmux(position_ + 1, sink);
  return 1;
}

void MarkerParser::dispatch(ByteOffset end, const Sink& sink) {
  const Marker base{.kind = Marker::Kind::PromptStart, .begin = begin_, .end = end, .cut = cut_};
  decode_marker(payload_, base, sink);
  drop_payload();
}

// Recursion is bounded: each wrapping within another doubles its ESC bytes, and the payload is bounded.
void MarkerParser::dispatch_tmux(ByteOffset end, const Sink& sink) {
  const std::string inside = std::exchange(payload_, {});
  MarkerParser parser;
  parser.feed(inside, [&](const Marker& found) {
    Marker marker = found;
    marker.begin = begin_;
    marker.end = end;
    sink(marker);
  });
}

// A long one came by: its memory is not kept in an idle terminal.
void MarkerParser::drop_payload() {
  payload_.clear();
  if (payload_.capacity() > kept_capacity) std::string().swap(payload_);
}

}  // namespace berth::vt
