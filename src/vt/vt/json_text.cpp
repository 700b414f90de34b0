#include "vt/json_text.hpp"

#include <charconv>

namespace berth::vt {

void JsonText::blanks() {
  while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r' || rest_[0] == '\n')) rest_.remove_prefix(1);
}

char JsonText::next() {
  blanks();
  return rest_.empty() ? '\0' : rest_[0];
}

bool JsonText::take(char mark) {
  if (next() != mark) return false;
  rest_.remove_prefix(1);
  return true;
}

bool JsonText::end() {
  blanks();
  return rest_.empty();
}

bool JsonText::string(std::string& out) {
  out.clear();
  if (!take('"')) return false;
  while (!rest_.empty()) {
    std::size_t plain = 0;
    while (plain < rest_.size() && rest_[plain] != '"' && rest_[plain] != '\\' && static_cast<unsigned char>(rest_[plain]) >= 0x20) ++plain;
    out.append(rest_, 0, plain);
    rest_.remove_prefix(plain);
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '"') return true;
    if (c != '\\' || !escape(out)) return false;
  }
  return false;
}

bool JsonText::escape(std::string& out) {
  if (rest_.empty()) return false;
  const char c = rest_[0];
  rest_.remove_prefix(1);
  switch (c) {
    case '"':
    case '\\':
    case '/': out += c; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'n': out += '\n'; return true;
    case 'r': out += '\r'; return true;
    case 't': out += '\t'; return true;
    case 'u': return unicode(out);
    default: return false;
  }
}

// A surrogate without its other half is no character: U+FFFD.
bool JsonText::unicode(std::string& out) {
  std::uint32_t code = 0;
  if (!hex4(code)) return false;
  if (code >= 0xD800 && code < 0xDC00 && rest_.starts_with("\\u")) {
    const std::string_view before = rest_;
    std::uint32_t low = 0;
    rest_.remove_prefix(2);
    if (!hex4(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
      return true;
    }
    rest_ = before;
  }
  append_utf8(out, code >= 0xD800 && code < 0xE000 ? replacement_character : code);
  return true;
}

bool JsonText::hex4(std::uint32_t& out) {
  if (rest_.size() < 4) return false;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, out, 16);
  if (error != std::errc{} || end != rest_.data() + 4) return false;
  rest_.remove_prefix(4);
  return true;
}

bool JsonText::number(double& out) {
  blanks();
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
  if (end == rest_.data() || (rest_[0] != '-' && (rest_[0] < '0' || rest_[0] > '9'))) return false;
  if (error != std::errc{}) return false;
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return true;
}

bool JsonText::skip(int depth) {
  if (depth > max_depth) return false;
  std::string text;
  double ignored = 0;
  const char first = next();
  if (first == '"') return string(text);
  if (first == '[' || first == '{') {
    const char last = first == '[' ? ']' : '}';
    (void)take(first);
    if (take(last)) return true;
    do {
      if (first == '{' && (!string(text) || !take(':'))) return false;
      if (!skip(depth + 1)) return false;
    } while (take(','));
    return take(last);
  }
  for (const std::string_view word : {"true", "false", "null"})
    if (rest_.starts_with(word)) {
      rest_.remove_prefix(word.size());
      return true;
    }
  return number(ignored);
}

}  // namespace berth::vt
