#pragma once
// As much JSON (RFC 8259) as a line of a recording needs: values read one after the other from text that nobody vouches for,
// and strings written. Private to vt, which uses no library.
//
// A reader's calls are false at the first thing that does not fit, and from then on. Depth of what is skipped: max_depth.

#include <cstdint>
#include <string>
#include <string_view>

#include "vt/utf8.hpp"

namespace berth::vt {

class JsonText {
 public:
  static constexpr int max_depth = 32;
  explicit JsonText(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool take(char mark);         // after blanks; false leaves it
  [[nodiscard]] bool string(std::string& out);
  [[nodiscard]] bool number(double& out);
  [[nodiscard]] bool skip(int depth = 0);     // any value
  [[nodiscard]] bool end();                   // nothing but blanks follow
  [[nodiscard]] char next();                  // its first character, 0 at the end

 private:
  void blanks();
  bool escape(std::string& out);
  bool unicode(std::string& out);
  bool hex4(std::uint32_t& out);
  std::string_view rest_;
};

// One code point as it stands within a JSON string.
inline void append_json(std::string& out, char32_t code) {
  constexpr char digits[] = "0123456789abcdef";
  switch (code) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (code < 0x20 || code == 0x7F) {
    out += "\\u00";
    out += digits[code >> 4 & 15];
    out += digits[code & 15];
  } else {
    append_utf8(out, code);
  }
}

// Whole text, with its quotes.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  std::string out = "\"";
  for_each_code(text, [&out](char32_t code) { append_json(out, code); });
  return out + '"';
}

}  // namespace berth::vt
