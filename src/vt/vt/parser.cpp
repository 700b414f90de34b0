#include "vt/parser.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace berth::vt {
namespace {

using State = ParserState;
using Action = ParserAction;
using Table = std::array<std::array<std::uint8_t, 256>, 16>;

struct Maker {
  Table table{};
  constexpr void on(State state, int first, int last, Action action, State next) {
    for (int byte = first; byte <= last; ++byte)
      table[static_cast<std::size_t>(state)][static_cast<std::size_t>(byte)] =
          static_cast<std::uint8_t>(static_cast<int>(action) << 4 | static_cast<int>(next));
  }
  constexpr void controls(State state, Action action) {  // all but CAN, SUB and ESC, which mean the same everywhere
    on(state, 0x00, 0x1F, action, state);
    on(state, 0x18, 0x18, Action::Execute, State::Ground);
    on(state, 0x1A, 0x1A, Action::Execute, State::Ground);
    on(state, 0x1B, 0x1B, Action::Begin, State::Escape);
    on(state, 0x7F, 0x7F, Action::Ignore, state);
  }
  constexpr void escape(State state) {
    controls(state, Action::Execute);
    on(state, 0x00, 0x17, Action::Execute, State::Escape);
    on(state, 0x19, 0x19, Action::Execute, State::Escape);
    on(state, 0x1C, 0x1F, Action::Execute, State::Escape);
    on(state, 0x7F, 0x7F, Action::Ignore, State::Escape);
    on(state, 0x20, 0x2F, Action::Collect, State::EscapeIntermediate);
    on(state, 0x30, 0x7E, Action::Escape, State::Ground);
    on(state, 'P', 'P', Action::Begin, State::DcsEntry);
    on(state, '[', '[', Action::Begin, State::CsiEntry);
    on(state, ']', ']', Action::OscBegin, State::Osc);
    on(state, 'X', 'X', Action::SkipBegin, State::Skip);
    on(state, '^', '_', Action::SkipBegin, State::Skip);
    on(state, 0x80, 0xFF, Action::Text, State::Ground);
  }
  constexpr void parameters(State entry, State param, State intermediate, State ignore, Action done, State after) {
    for (State state : {entry, param}) {
      on(state, 0x20, 0x2F, Action::Collect, intermediate);
      on(state, 0x30, 0x3B, Action::Param, param);
      on(state, 0x3C, 0x3F, state == entry ? Action::Prefix : Action::Ignore, state == entry ? param : ignore);
      on(state, 0x40, 0x7E, done, after);
    }
    on(intermediate, 0x20, 0x2F, Action::Collect, intermediate);
    on(intermediate, 0x30, 0x3F, Action::Ignore, ignore);
    on(intermediate, 0x40, 0x7E, done, after);
    for (State state : {entry, param, intermediate}) on(state, 0x80, 0xFF, Action::Text, State::Ground);
  }
  constexpr void string(State state, Action carried) {
    controls(state, carried);
    on(state, 0x20, 0xFF, carried, state);
  }
};

constexpr Table make_table() {
  Maker m;
  m.controls(State::Ground, Action::Execute);
  m.on(State::Ground, 0x20, 0x7E, Action::Text, State::Ground);
  m.on(State::Ground, 0x80, 0xFF, Action::Text, State::Ground);

  m.escape(State::Escape);
  m.controls(State::EscapeIntermediate, Action::Execute);
  m.on(State::EscapeIntermediate, 0x20, 0x2F, Action::Collect, State::EscapeIntermediate);
  m.on(State::EscapeIntermediate, 0x30, 0x7E, Action::Escape, State::Ground);
  m.on(State::EscapeIntermediate, 0x80, 0xFF, Action::Text, State::Ground);

  for (State state : {State::CsiEntry, State::CsiParam, State::CsiIntermediate, State::CsiIgnore})
    m.controls(state, Action::Execute);
  m.parameters(State::CsiEntry, State::CsiParam, State::CsiIntermediate, State::CsiIgnore, Action::Csi, State::Ground);
  m.on(State::CsiIgnore, 0x20, 0x3F, Action::Ignore, State::CsiIgnore);
  m.on(State::CsiIgnore, 0x40, 0x7E, Action::Ignore, State::Ground);
  m.on(State::CsiIgnore, 0x80, 0xFF, Action::Ignore, State::CsiIgnore);

  for (State state : {State::DcsEntry, State::DcsParam, State::DcsIntermediate}) m.controls(state, Action::Ignore);
  m.parameters(State::DcsEntry, State::DcsParam, State::DcsIntermediate, State::DcsIgnore, Action::Hook,
               State::DcsPayload);
  m.string(State::DcsIgnore, Action::Ignore);
  m.string(State::DcsPayload, Action::Put);
  m.on(State::DcsPayload, 0x1B, 0x1B, Action::Ignore, State::DcsEscape);
  m.escape(State::DcsEscape);
  m.on(State::DcsEscape, '\\', '\\', Action::DcsEnd, State::Ground);

  m.string(State::Osc, Action::Put);
  m.on(State::Osc, 0x00, 0x06, Action::Ignore, State::Osc);
  m.on(State::Osc, 0x07, 0x07, Action::OscEnd, State::Ground);
  m.on(State::Osc, 0x08, 0x17, Action::Ignore, State::Osc);
  m.on(State::Osc, 0x19, 0x19, Action::Ignore, State::Osc);
  m.on(State::Osc, 0x1C, 0x1F, Action::Ignore, State::Osc);
  m.on(State::Osc, 0x1B, 0x1B, Action::Ignore, State::OscEscape);
  m.on(State::Osc, 0x7F, 0x7F, Action::Put, State::Osc);
  m.escape(State::OscEscape);
  m.on(State::OscEscape, '\\', '\\', Action::OscEnd, State::Ground);

  m.string(State::Skip, Action::Ignore);
  return m.table;
}

}  // namespace

constexpr Table parser_table = make_table();

const char* find_text_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1F), del = _mm_set1_epi8(0x7F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // signed: bytes from 0x80 up are below 0x1F too
    const int good =
        _mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), _mm_cmpgt_epi8(bytes, last_control)));
    if (good != 0xFFFF) return at + __builtin_ctz(~static_cast<unsigned>(good));
  }
#endif
  while (at < end && static_cast<unsigned char>(*at) >= 0x20 && static_cast<unsigned char>(*at) < 0x7F) ++at;
  return at;
}

const char* find_control(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes));
    if (found != 0) return at + __builtin_ctz(static_cast<unsigned>(found));
  }
#endif
  while (at < end && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

const char* Parser::carry(const char* at, const char* end) {
  const char* const stop = find_control(at, end);
  if (state_ == State::Osc || (state_ == State::DcsPayload && keeps_dcs())) put({at, stop});
  return stop;
}

void Parser::reset() {
  state_ = State::Ground;
  utf8_.reset();
  drop_payload();
}

std::string Sequence::source() const {
  std::string out;
  if (prefix != 0) out += prefix;
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += params[i].sub ? ':' : ';';
    if (params[i].given) out += std::to_string(params[i].value);
  }
  if (full) out += ';';
  out.append(intermediate.data(), intermediates < 2 ? intermediates : 2);
  if (intermediates > 2) out += ' ';
  return out;
}

std::string Parser::pending() const {
  std::string osc = overlong_ ? "\x1b]" + std::string(max_payload_bytes + 1, ' ') : "\x1b]" + payload_;
  std::string dcs =
      "\x1bP" + sequence_.source() + sequence_.final + (overlong_ ? std::string(max_payload_bytes + 1, ' ') : payload_);
  switch (state_) {
    case State::Ground: return std::string(utf8_.pending());
    case State::Escape: return "\x1b";
    case State::EscapeIntermediate: return "\x1b" + sequence_.source();
    case State::CsiEntry:
    case State::CsiParam:
    case State::CsiIntermediate: return "\x1b[" + sequence_.source();
    case State::CsiIgnore: return "\x1b[0<";
    case State::DcsEntry:
    case State::DcsParam:
    case State::DcsIntermediate: return "\x1bP" + sequence_.source();
    case State::DcsIgnore: return "\x1bP0<";
    case State::DcsPayload: return dcs;
    case State::DcsEscape: return dcs + "\x1b";
    case State::Osc: return osc;
    case State::OscEscape: return osc + "\x1b";
    case State::Skip: return std::string("\x1b") + skip_;
  }
  return {};
}

}  // namespace berth::vt
