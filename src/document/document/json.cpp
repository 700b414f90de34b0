#include "document/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "document/number.hpp"

namespace berth::document {
namespace {

namespace json = boost::json;
using boost::system::error_code;

constexpr double exact_whole = 9007199254740992;  // 2^53

// What the parser meets, put on a stack. Numbers are read from their own text: the parser's are not exact.
struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  json::value_stack stack;
  std::string number;
  std::size_t members = 0;
  bool lossy = false;

  bool on_document_begin(error_code&) {
    stack.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t size, error_code&) {
    members += size;
    stack.push_object(size);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t size, error_code&) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view part, error_code&) {
    number.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, json::string_view part, error_code& error) { return on_number(part, error); }
  bool on_uint64(std::uint64_t, json::string_view part, error_code& error) { return on_number(part, error); }
  bool on_double(double, json::string_view part, error_code& error) { return on_number(part, error); }
  bool on_bool(bool value, error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  bool on_number(json::string_view part, error_code& error) {
    number.append(part.data(), part.size());
    const auto read = exact_number(number);
    number.clear();
    if (!read) {
      lossy = true;
      error = json::error::exponent_overflow;
      return false;
    }
    if (std::trunc(*read) == *read && std::abs(*read) < exact_whole)
      stack.push_int64(static_cast<std::int64_t>(*read));
    else
      stack.push_double(*read);
    return true;
  }
};

std::size_t members_in(const Value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object())
    for (const auto& member : *object) count += 1 + members_in(member.value());
  if (const auto* array = value.if_array())
    for (const auto& item : *array) count += members_in(item);
  return count;
}

// Characters that are written as they are. Eight at a time: the sign bit of a byte says that one is below 0x20, a quote or a
// backslash; bytes of 0x80 and more are part of UTF-8 and plain.
std::size_t plain_until(std::string_view text, std::size_t at) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = ones << 7;
  const auto zero_in = [](std::uint64_t word) { return (word - ones) & ~word & high; };
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const std::uint64_t below = (word - ones * 0x20) & ~word & high;
    if ((below | zero_in(word ^ (ones * '"')) | zero_in(word ^ (ones * '\\'))) != 0) break;
  }
  const auto special = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; };
  while (at < text.size() && !special(text[at])) ++at;
  return at;
}

void write_text(std::string& out, std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0;;) {
    const std::size_t end = plain_until(text, at);
    out.append(text, at, end - at);
    if (end == text.size()) break;
    at = end + 1;
    switch (const auto c = static_cast<unsigned char>(text[end])) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\f': out += "\\f"; break;
      case '\r': out += "\\r"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out += '"';
}

void write(std::string& out, const Value& value);

void write_object(std::string& out, const json::object& object) {
  constexpr std::size_t few = 32;  // are sorted on the stack
  std::array<const json::key_value_pair*, few> near;
  std::vector<const json::key_value_pair*> far(object.size() > few ? object.size() : 0);
  const std::span members(far.empty() ? near.data() : far.data(), object.size());
  std::size_t at = 0;
  for (const auto& member : object) members[at++] = &member;
  const auto before = [](const auto* a, const auto* b) { return member_before(a->key(), b->key()); };
  if (!std::ranges::is_sorted(members, before)) std::ranges::sort(members, before);
  out += '{';
  for (const auto* member : members) {
    if (member != members.front()) out += ',';
    write_text(out, member->key());
    out += ':';
    write(out, member->value());
  }
  out += '}';
}

void write(std::string& out, const Value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: out += std::to_string(value.get_int64()); return;
    case json::kind::uint64: out += std::to_string(value.get_uint64()); return;
    case json::kind::double_: out += canonical_number(value.get_double()); return;
    case json::kind::string: write_text(out, value.get_string()); return;
    case json::kind::object: write_object(out, value.get_object()); return;
    case json::kind::array: break;
  }
  out += '[';
  bool first = true;
  for (const auto& item : value.get_array()) {
    if (!std::exchange(first, false)) out += ',';
    write(out, item);
  }
  out += ']';
}

std::unexpected<Error> explain(error_code error, bool lossy, std::size_t at, const Limits& limits, std::string_view what) {
  if (lossy)
    return fail(Code::InvalidArgument,
                fmt::format("The {} holds a number at byte {} that would come back changed.", what, at),
                "Numbers are doubles: send a longer one as text.");
  if (error == json::error::too_deep)
    return fail(Code::InvalidArgument, fmt::format("The {} is nested deeper than {} levels.", what, limits.depth));
  return fail(Code::InvalidArgument, fmt::format("The {} is not valid JSON at byte {}.", what, at), "Send JSON in UTF-8.");
}

}  // namespace

Result<Value> parse(std::string_view text, const Limits& limits, std::string_view what) {
  if (text.size() > limits.bytes)
    return fail(Code::TooLarge, fmt::format("The {} has {} bytes; the limit is {}.", what, text.size(), limits.bytes));
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<Builder> parser(options);
  error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) return explain(error, parser.handler().lossy, read, limits, what);
  Value value = parser.handler().stack.release();
  if (members_in(value) != parser.handler().members)
    return fail(Code::InvalidArgument, fmt::format("A member of the {} comes twice.", what),
                "The names in one object must differ.");
  return value;
}

std::string canonical(const Value& value) {
  std::string out;
  write(out, value);
  return out;
}

void append_canonical(std::string& out, const Value& value) { write(out, value); }

std::uint64_t canonical_text_size(std::string_view text) {
  std::uint64_t size = 2 + text.size();
  for (std::size_t at = 0; (at = plain_until(text, at)) < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' || c == '\\' || c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r') ++size;
    else size += 5;
  }
  return size;
}

std::uint64_t canonical_size(const Value& value) {
  if (const auto* text = value.if_string()) return canonical_text_size(*text);
  if (const auto* object = value.if_object()) {
    std::uint64_t size = 2 + (object->empty() ? 0 : object->size() - 1);
    for (const auto& member : *object) size += canonical_text_size(member.key()) + 1 + canonical_size(member.value());
    return size;
  }
  if (const auto* array = value.if_array()) {
    std::uint64_t size = 2 + (array->empty() ? 0 : array->size() - 1);
    for (const auto& item : *array) size += canonical_size(item);
    return size;
  }
  std::string out;
  write(out, value);
  return out.size();
}

std::uint32_t depth_of(const Value& value) {
  std::uint32_t deepest = 0;
  if (const auto* array = value.if_array())
    for (const auto& item : *array) deepest = std::max(deepest, depth_of(item));
  if (const auto* object = value.if_object())
    for (const auto& member : *object) deepest = std::max(deepest, depth_of(member.value()));
  return value.is_structured() ? deepest + 1 : 0;
}

Result<> check_depth(const Value& value, const Limits& limits) {
  if (depth_of(value) <= limits.depth) return {};
  return fail(Code::InvalidArgument, fmt::format("The document would be nested deeper than {} levels.", limits.depth));
}

bool member_before(std::string_view a, std::string_view b) {
  const auto [x, y] = std::ranges::mismatch(a, b);
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  // Of two differing bytes, F0 to F4 begin what UTF-16 writes with surrogates, which come before U+E000 (EE and EF).
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0xEE || byte == 0xEF ? byte + 0x100 : byte + 0;
  };
  return rank(*x) < rank(*y);
}

}  // namespace berth::document
