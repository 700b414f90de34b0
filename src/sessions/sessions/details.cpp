#include "sessions/details.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/utf8.hpp"

namespace berth::sessions {
namespace {

constexpr std::size_t most_title = 50, most_description = 250, most_tags = 20, most_tag = 50, most_client = 100;

enum class Lines { No, Yes };

std::unexpected<Error> wrong(std::string_view field, std::string_view rule) {
  return fail(Code::InvalidArgument, fmt::format("\"{}\" {}.", field, rule));
}

Result<> check_text(std::string_view field, std::string_view text, std::size_t least, std::size_t most, Lines lines) {
  if (!is_utf8(text)) return wrong(field, "is not valid UTF-8");
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if ((c & 0xC0) != 0x80) ++characters;
    const bool high_control = c == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;  // U+0080 to U+009F
    if ((c < 0x20 && !(lines == Lines::Yes && (c == '\n' || c == '\t'))) || c == 0x7F || high_control)
      return wrong(field, "holds a control character");
  }
  if (characters < least || characters > most)
    return wrong(field, fmt::format("must have {} to {} characters, not {}", least, most, characters));
  if (least > 0 && std::ranges::all_of(text, [](char c) { return c == ' '; })) return wrong(field, "is only spaces");
  return {};
}

char32_t small(char32_t c) {
  if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
    return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  const bool even_first = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
  const bool odd_first = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if (even_first && c % 2 == 0) return c + 1;
  if (odd_first && c % 2 == 1) return c + 1;
  return c;
}

}  // namespace

Result<> check_title(std::string_view title) { return check_text("title", title, 1, most_title, Lines::No); }
Result<> check_description(std::string_view text) { return check_text("description", text, 0, most_description, Lines::Yes); }
Result<> check_client(std::string_view name) { return check_text("client", name, 0, most_client, Lines::No); }

Result<> check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > most_tags) return wrong("tags", fmt::format("has {} tags; the limit is {}", tags.size(), most_tags));
  for (const auto& tag : tags) TRY(check_text("tags", tag, 1, most_tag, Lines::No));
  if (std::set(tags.begin(), tags.end()).size() != tags.size()) return wrong("tags", "has a tag twice");
  return {};
}

std::string title_key(std::string_view title) {
  std::string out;
  for (std::size_t at = 0; at < title.size(); ++at) {
    const auto c = static_cast<unsigned char>(title[at]);
    if (c >= 0xC3 && c <= 0xD1 && at + 1 < title.size()) {  // two bytes: U+00C0 to U+047F
      const char32_t folded = small(static_cast<char32_t>(c & 0x1F) << 6 | (static_cast<unsigned char>(title[++at]) & 0x3F));
      out += static_cast<char>(0xC0 | folded >> 6);
      out += static_cast<char>(0x80 | (folded & 0x3F));
    } else {
      out += static_cast<char>(c < 0x80 ? small(c) : c);
    }
  }
  return out;
}

}  // namespace berth::sessions
