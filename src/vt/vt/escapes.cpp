#include "vt/escapes.hpp"

#include <cstdint>
#include <optional>

namespace berth::vt {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<char> hex_byte(std::string_view two) {
  if (two.size() < 2 || hex_digit(two[0]) < 0 || hex_digit(two[1]) < 0) return std::nullopt;
  return static_cast<char>(hex_digit(two[0]) << 4 | hex_digit(two[1]));
}

void put_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x110000) {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Up to `most` digits of `base` from the front of `text`.
std::optional<std::uint32_t> take_number(std::string_view& text, std::size_t most, int base) {
  std::uint32_t value = 0;
  std::size_t count = 0;
  for (; count < most && count < text.size(); ++count) {
    const int digit = hex_digit(text[count]);
    if (digit < 0 || digit >= base) break;
    value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(count);
  return count == 0 ? std::nullopt : std::optional(value);
}

std::optional<char> simple_escape(char c) {
  switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'e':
    case 'E': return '\x1b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\':
    case '\'':
    case '"':
    case '?': return c;
    default: return std::nullopt;
  }
}

// After the backslash inside of $'…'.
void ansi_escape(std::string_view& text, std::string& out) {
  const char c = text.front();
  if (c >= '0' && c <= '7') {
    out += static_cast<char>(*take_number(text, 3, 8));
    return;
  }
  text.remove_prefix(1);
  if (const auto plain = simple_escape(c)) {
    out += *plain;
  } else if (c == 'c' && !text.empty()) {
    out += static_cast<char>(text.front() & 0x1f);
    text.remove_prefix(1);
  } else if (c == 'x' || c == 'u' || c == 'U') {
    const auto number = take_number(text, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    if (!number) out += {'\\', c};
    else if (c == 'x') out += static_cast<char>(*number);
    else put_utf8(*number, out);
  } else {
    out += {'\\', c};
  }
}

// From after the opening mark to after the closing one.
void quoted(std::string_view& text, char close, bool ansi, std::string& out) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == close) return;
    if (c != '\\' || text.empty() || (close == '\'' && !ansi)) {
      out += c;
    } else if (ansi) {
      ansi_escape(text, out);
    } else {
      if (std::string_view("$`\"\\").find(text.front()) == std::string_view::npos) out += '\\';
      out += text.front();
      text.remove_prefix(1);
    }
  }
}

}  // namespace

std::string unescape_hex(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == '\\') {
        out += '\\';
        ++i;
        continue;
      }
      if (text[i + 1] == 'x')
        if (auto byte = hex_byte(text.substr(i + 2, 2))) {
          out += *byte;
          i += 3;
          continue;
        }
    }
    out += text[i];
  }
  return out;
}

std::string unescape_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%')
      if (auto byte = hex_byte(text.substr(i + 1, 2))) {
        out += *byte;
        i += 2;
        continue;
      }
    out += text[i];
  }
  return out;
}

std::string unquote_shell(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      out += text.front();
      text.remove_prefix(1);
    } else if (c == '$' && text.starts_with('\'')) {
      text.remove_prefix(1);
      quoted(text, '\'', true, out);
    } else if (c == '\'' || c == '"') {
      quoted(text, c, false, out);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace berth::vt
