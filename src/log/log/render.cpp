#include "log/render.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace berth::log {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// Bytes of the well-formed character at the front, 0 when there is none. Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xc0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = lead == 0xe0 ? at(1) >= 0xa0 : lead == 0xed ? at(1) <= 0x9f : true;
    return second && tail(1) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = lead == 0xf0 ? at(1) >= 0x90 : lead == 0xf4 ? at(1) <= 0x8f : true;
    return second && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// C0, DEL, C1, and the separators that some readers take for a line's end.
bool is_control(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
  if (character.size() == 2) return character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9";
}

unsigned code_of(std::string_view c) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(c[i]); };
  if (c.size() == 1) return at(0);
  if (c.size() == 2) return (at(0) & 0x1fu) << 6 | (at(1) & 0x3fu);
  return (at(0) & 0x0fu) << 12 | (at(1) & 0x3fu) << 6 | (at(2) & 0x3fu);
}

void append_escaped(std::string& out, std::string_view text) {
  const bool cut = text.size() > max_value_bytes;
  if (cut) text = text.substr(0, max_value_bytes);
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0)
      out += replacement;
    else if (is_control(character))
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_of(character));
    else if (character == "\"" || character == "\\")
      (out += '\\') += character;
    else
      out += character;
    text.remove_prefix(character.size());
  }
  if (cut) out += "…";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\') return true;
  return false;
}

template <class Quote>
void append_value(std::string& out, const Field::Value& value, Quote quote) {
  std::visit(
      [&](const auto& v) {
        using T = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::same_as<T, bool>)
          out += v ? "true" : "false";
        else if constexpr (std::same_as<T, double>)
          out += std::isfinite(v) ? fmt::format("{:.6g}", v) : "null";
        else if constexpr (std::integral<T>)
          fmt::format_to(std::back_inserter(out), "{}", v);
        else
          quote(std::string_view(v));
      },
      value);
}

void append_time(std::string& out, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count();
  fmt::format_to(std::back_inserter(out), "{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                 fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())), micros);
}

}  // namespace

void append_json_fields(std::string& out, Fields fields) {
  for (const Field& field : fields) {
    out += ',';
    append_quoted(out, field.name());
    out += ':';
    append_value(out, field.value(), [&](std::string_view text) { append_quoted(out, text); });
  }
}

void append_text_fields(std::string& out, Fields fields) {
  for (const Field& field : fields) {
    out += ' ';
    append_escaped(out, field.name());
    out += '=';
    append_value(out, field.value(), [&](std::string_view text) {
      if (needs_quotes(text))
        append_quoted(out, text);
      else
        append_escaped(out, text);
    });
  }
}

std::string render_json(WallTime time, Level level, std::string_view message, std::string_view context, Fields fields) {
  std::string out = R"({"time":")";
  append_time(out, time);
  fmt::format_to(std::back_inserter(out), R"(","level":"{}","message":)", to_string(level));
  append_quoted(out, message);
  out += context;
  append_json_fields(out, fields);
  out += '}';
  return out;
}

std::string render_text(WallTime time, Level level, std::string_view message, std::string_view context, Fields fields) {
  std::string out;
  append_time(out, time);
  fmt::format_to(std::back_inserter(out), " {:<7} ", to_string(level));
  append_escaped(out, message);
  out += context;
  append_text_fields(out, fields);
  return out;
}

}  // namespace berth::log
