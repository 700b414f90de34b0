#pragma once
// The state machine of ECMA-48 and DEC terminals as one table, state × byte → action and next state, after the diagram
// by Paul Flo Williams (vt100.net/emu/dec_ansi_parser) with colons as sub-parameters and UTF-8 text.
//
// Where senders differ, this one does what protocols/terminals agree on: BEL or ESC \ ends an OSC; ESC and any other
// byte ends it (and a DCS) without dispatch; CAN and SUB abort; the 8-bit C1 bytes are not controls, since in UTF-8
// they are parts of characters; a byte of UTF-8 inside a control sequence ends it and is text. DCS payload is kept only
// for requests of status ($q, +q), SOS, PM and APC not at all: images pass by.
//
// The parser calls its handler's functions: text(bytes), code(char32_t), execute(byte), escape(sequence),
// csi(sequence), osc(payload), dcs(sequence, payload). Any split of a stream gives the same calls, but for where runs
// of text are cut.
//
// Memory: one sequence and at most `max_payload_bytes`. An OSC beyond that is ignored whole.
//
// pending() is what a fresh parser must be fed to be in the same state: a stream that was cut anywhere can be taken up.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "vt/sequence.hpp"
#include "vt/utf8.hpp"

namespace berth::vt {

enum class ParserState : std::uint8_t {
  Ground,
  Escape,
  EscapeIntermediate,
  CsiEntry,
  CsiParam,
  CsiIntermediate,
  CsiIgnore,
  DcsEntry,
  DcsParam,
  DcsIntermediate,
  DcsIgnore,
  DcsPayload,
  DcsEscape,
  Osc,
  OscEscape,
  Skip,
};
enum class ParserAction : std::uint8_t {
  Ignore,
  Execute,
  Begin,
  Collect,
  Prefix,
  Param,
  Escape,
  Csi,
  Hook,
  Put,
  DcsEnd,
  OscBegin,
  OscEnd,
  Text,
  SkipBegin,
};

// The whole machine: [state][byte], action in the high four bits.
extern const std::array<std::array<std::uint8_t, 256>, 16> parser_table;

// The first byte that is not printable ASCII.
[[nodiscard]] const char* find_text_end(const char* begin, const char* end);
// The first byte that a string (OSC, DCS, …) does not simply carry: a C0 control.
[[nodiscard]] const char* find_control(const char* begin, const char* end);

class Parser {
 public:
  static constexpr std::size_t max_payload_bytes = 16 << 10;

  template <class Handler>
  void feed(std::string_view bytes, Handler& handler);

  [[nodiscard]] ParserState state() const { return state_; }
  [[nodiscard]] bool in_text() const { return state_ == ParserState::Ground && utf8_.idle(); }
  [[nodiscard]] std::string pending() const;
  void reset();

 private:
  template <class Handler>
  const char* ground(const char* at, const char* end, Handler& handler);
  template <class Handler>
  void step(unsigned char byte, Handler& handler);
  const char* carry(const char* at, const char* end);  // bytes of a string, in bulk
  [[nodiscard]] bool keeps_dcs() const {
    return sequence_.final == 'q' && sequence_.prefix == 0 && sequence_.intermediates == 1 &&
           (sequence_.intermediate[0] == '$' || sequence_.intermediate[0] == '+');
  }
  void put(std::string_view bytes) {
    if (payload_.size() + bytes.size() > max_payload_bytes) {
      overlong_ = true;
      payload_.clear();
    }
    if (!overlong_) payload_ += bytes;
  }
  void drop_payload() {
    payload_.clear();
    if (payload_.capacity() > 1024) payload_.shrink_to_fit();  // a long link must not stay for ever
    overlong_ = false;
  }

  ParserState state_ = ParserState::Ground;
  bool overlong_ = false;
  char skip_ = 0;  // the byte that began what is skipped
  Utf8Decoder utf8_;
  Sequence sequence_;
  std::string payload_;
};

template <class Handler>
void Parser::feed(std::string_view bytes, Handler& handler) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at < end) {
    switch (state_) {
      case ParserState::Ground: at = ground(at, end, handler); break;
      case ParserState::Osc:
      case ParserState::DcsPayload:
      case ParserState::DcsIgnore:
      case ParserState::Skip:
        at = carry(at, end);
        if (at < end) step(static_cast<unsigned char>(*at++), handler);
        break;
      default: step(static_cast<unsigned char>(*at++), handler);
    }
  }
}

template <class Handler>
const char* Parser::ground(const char* at, const char* end, Handler& handler) {
  while (at < end) {
    const auto byte = static_cast<unsigned char>(*at);
    if (!utf8_.idle() || byte >= 0x80) {
      const auto step = utf8_.push(byte);
      if (step == Utf8Decoder::Step::Done) handler.code(utf8_.code());
      if (step == Utf8Decoder::Step::Broken || step == Utf8Decoder::Step::Wrong) handler.code(replacement_character);
      if (step != Utf8Decoder::Step::Broken) ++at;
    } else if (byte >= 0x20 && byte < 0x7F) {
      const char* const stop = find_text_end(at + 1, end);
      handler.text(std::string_view(at, stop));
      at = stop;
    } else if (byte == 0x1B) {
      state_ = ParserState::Escape;
      sequence_.begin();
      return at + 1;
    } else {
      if (byte != 0x7F) handler.execute(byte);
      ++at;
    }
  }
  return at;
}

template <class Handler>
void Parser::step(unsigned char byte, Handler& handler) {
  const std::uint8_t entry = parser_table[static_cast<std::size_t>(state_)][byte];
  state_ = static_cast<ParserState>(entry & 15);
  switch (static_cast<ParserAction>(entry >> 4)) {
    case ParserAction::Ignore: break;
    case ParserAction::Execute: handler.execute(byte); break;
    case ParserAction::Begin:
      drop_payload();
      sequence_.begin();
      break;
    case ParserAction::Collect: sequence_.collect(static_cast<char>(byte)); break;
    case ParserAction::Prefix: sequence_.prefix = static_cast<char>(byte); break;
    case ParserAction::Param: sequence_.param_byte(static_cast<char>(byte)); break;
    case ParserAction::Escape:
      drop_payload();
      sequence_.final = static_cast<char>(byte);
      handler.escape(sequence_);
      break;
    case ParserAction::Csi:
      sequence_.final = static_cast<char>(byte);
      handler.csi(sequence_);
      break;
    case ParserAction::Hook: sequence_.final = static_cast<char>(byte); break;
    case ParserAction::Put: {
      const char put_byte = static_cast<char>(byte);
      if (state_ == ParserState::Osc || keeps_dcs()) put({&put_byte, 1});
      break;
    }
    case ParserAction::DcsEnd:
      if (!overlong_) handler.dcs(sequence_, payload_);
      drop_payload();
      break;
    case ParserAction::OscBegin: drop_payload(); break;
    case ParserAction::OscEnd:
      if (!overlong_) handler.osc(payload_);
      drop_payload();
      break;
    case ParserAction::SkipBegin:
      drop_payload();
      skip_ = static_cast<char>(byte);
      break;
    case ParserAction::Text: {
      const char text_byte = static_cast<char>(byte);
      drop_payload();
      ground(&text_byte, &text_byte + 1, handler);
      break;
    }
  }
}

}  // namespace berth::vt
