#pragma once
// UTF-8 in and out, one code point at a time and across any split. What is invalid becomes U+FFFD, one for each maximal
// part of a valid sequence, as Unicode 15 section 3.9 recommends and browsers do. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::vt {

constexpr char32_t replacement_character = 0xFFFD;

// Decodes bytes from 0x80 up; ASCII is the caller's.
class Utf8Decoder {
 public:
  enum class Step : std::uint8_t {
    More,    // the byte was taken
    Done,    // the byte was taken, code() is complete
    Broken,  // what came before is invalid: one U+FFFD, and the byte is to be given again
    Wrong,   // the byte was taken and is invalid: one U+FFFD
  };
  [[nodiscard]] bool idle() const { return need_ == 0; }
  [[nodiscard]] char32_t code() const { return code_; }
  [[nodiscard]] std::string_view pending() const { return {bytes_, have_}; }
  void reset() { need_ = have_ = 0; }

  Step push(unsigned char byte) {
    if (need_ == 0) return begin(byte);
    if (byte < low_ || byte > high_) {
      reset();
      return Step::Broken;
    }
    low_ = 0x80;
    high_ = 0xBF;
    code_ = code_ << 6 | (byte & 0x3F);
    bytes_[have_++] = static_cast<char>(byte);
    if (--need_ > 0) return Step::More;
    have_ = 0;
    return Step::Done;
  }

 private:
  Step begin(unsigned char byte) {
    if (byte < 0xC2 || byte > 0xF4) return Step::Wrong;
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;   // no overlong form
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;  // no surrogate, nothing above U+10FFFF
    need_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    code_ = byte & (0x3F >> need_);
    bytes_[0] = static_cast<char>(byte);
    have_ = 1;
    return Step::More;
  }

  char32_t code_ = 0;
  std::uint8_t need_ = 0, have_ = 0, low_ = 0x80, high_ = 0xBF;
  char bytes_[4] = {};
};

inline void append_utf8(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)),
            static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  }
}

// Calls `sink(char32_t)` for each code point of whole text.
template <class Sink>
void for_each_code(std::string_view text, Sink&& sink) {
  Utf8Decoder decoder;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80 && decoder.idle()) {
      sink(static_cast<char32_t>(byte));
      ++i;
      continue;
    }
    const auto step = decoder.push(byte);
    if (step == Utf8Decoder::Step::Done) sink(decoder.code());
    if (step == Utf8Decoder::Step::Broken || step == Utf8Decoder::Step::Wrong) sink(replacement_character);
    if (step != Utf8Decoder::Step::Broken) ++i;
  }
  if (!decoder.idle()) sink(replacement_character);
}

// Valid UTF-8 without control characters, of at most `limit` bytes: for titles and links, which go into JSON and into
// other terminals.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  bool full = false;
  for_each_code(text, [&](char32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0) || full) return;
    const std::size_t before = out.size();
    append_utf8(out, code);
    full = out.size() > limit;
    if (full) out.resize(before);
  });
  return out;
}

}  // namespace berth::vt
