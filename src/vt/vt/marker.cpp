#include "vt/marker.hpp"

#include <algorithm>
#include <cstring>

namespace berth::vt {
namespace {
constexpr char esc = '\x1b';
constexpr char bel = '\x07';
constexpr char can = '\x18';
constexpr char sub = '\x1a';

bool ends_payload(char c) { return c == esc || c == bel || c == can || c == sub; }
}  // namespace

std::string_view to_string(Marker::Kind kind) {
  switch (kind) {
    case Marker::Kind::PromptStart: return "prompt_start";
    case Marker::Kind::PromptOther: return "prompt_other";
    case Marker::Kind::InputStart: return "input_start";
    case Marker::Kind::CommandLine: return "command_line";
    case Marker::Kind::OutputStart: return "output_start";
    case Marker::Kind::CommandEnd: return "command_end";
    case Marker::Kind::Directory: return "directory";
  }
  return "unknown";
}

void MarkerParser::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    std::size_t used = 1;
    switch (state_) {
      case State::Ground: used = skip_ground(bytes); break;
      case State::Escape:
        if (bytes[0] == ']') {
          state_ = State::Payload;
          payload_.clear();
          cut_ = false;
        } else if (bytes[0] == esc) {
          begin_ = position_;
        } else {
          state_ = State::Ground;
        }
        break;
      case State::Payload: used = take_payload(bytes, sink); break;
      case State::PayloadEscape:
        if (bytes[0] == '\\') {
          state_ = State::Ground;
          dispatch(position_ + 1, sink);
        } else {  // a new sequence has begun at the ESC; this byte is its second
          state_ = State::Escape;
          begin_ = ByteOffset{position_.value - 1};
          used = 0;
        }
        break;
    }
    position_ += used;
    bytes.remove_prefix(used);
  }
}

std::size_t MarkerParser::skip_ground(std::string_view bytes) {
  const void* at = std::memchr(bytes.data(), esc, bytes.size());
  if (at == nullptr) return bytes.size();
  const auto skipped = static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
  begin_ = position_ + skipped;
  state_ = State::Escape;
  return skipped + 1;
}

std::size_t MarkerParser::take_payload(std::string_view bytes, const Sink& sink) {
  const auto end = std::ranges::find_if(bytes, ends_payload);
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  const std::size_t room = max_payload_bytes - payload_.size();
  payload_.append(bytes.substr(0, std::min(length, room)));
  if (length > room) cut_ = true;
  if (end == bytes.end()) return length;
  if (*end == esc) {
    state_ = State::PayloadEscape;
  } else {
    state_ = State::Ground;
    if (*end == bel) dispatch(position_ + length + 1, sink);
  }
  return length + 1;
}

void MarkerParser::dispatch(ByteOffset end, const Sink& sink) {
  decode_marker(payload_, Marker{.kind = Marker::Kind::PromptStart, .begin = begin_, .end = end, .cut = cut_}, sink);
  if (payload_.capacity() > 4096) std::string().swap(payload_);  // a long one came by: do not keep its memory in an idle terminal
}

}  // namespace berth::vt
