// Operating system commands: titles, hyperlinks, colours. What the command monitor reads (7, 133, 633, 1337) is not of
// the screen.
#include <algorithm>
#include <charconv>
#include <optional>

#include "vt/engine.hpp"
#include "vt/palette.hpp"

namespace berth::vt {
namespace {

constexpr std::uint16_t special_colors = foreground_color;  // 10 foreground, 11 background, 12 cursor

// "rgb:r/g/b" with one to four digits each, or "#rrggbb" (XParseColor).
std::optional<std::uint32_t> parse_color(std::string_view text) {
  const auto component = [](std::string_view digits) -> std::optional<std::uint32_t> {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.size() > 4) return std::nullopt;
    return value * 255 / ((1u << 4 * digits.size()) - 1);
  };
  std::optional<std::uint32_t> red, green, blue;
  if (text.starts_with("rgb:")) {
    const std::size_t one = text.find('/'), two = text.rfind('/');
    if (one == std::string_view::npos || one == two) return std::nullopt;
    red = component(text.substr(4, one - 4));
    green = component(text.substr(one + 1, two - one - 1));
    blue = component(text.substr(two + 1));
  } else if (text.starts_with('#') && text.size() == 7) {
    red = component(text.substr(1, 2));
    green = component(text.substr(3, 2));
    blue = component(text.substr(5, 2));
  }
  if (!red || !green || !blue) return std::nullopt;
  return *red << 16 | *green << 8 | *blue;
}

std::string told(std::uint32_t rgb) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "rgb:";
  for (int shift = 16; shift >= 0; shift -= 8) {
    const std::string two{digits[rgb >> (shift + 4) & 15], digits[rgb >> shift & 15]};
    out += two + two + (shift > 0 ? "/" : "");
  }
  return out;
}

// Cuts the part before the next ';' off.
std::string_view take_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

void Engine::osc(std::string_view payload) {
  last_width_ = 0;
  const bool more = payload.find(';') != std::string_view::npos;
  const auto command = parse_number(take_part(payload));
  if (!command) return;
  switch (*command) {
    case 0:
    case 1:
    case 2:
      if (!more) break;
      if (*command != 1) title = printable(payload, max_title_bytes);
      if (*command != 2) icon = printable(payload, max_title_bytes);
      break;
    case 8: set_link(payload); break;
    case 4:
    case 10:
    case 11:
    case 12: set_colors(*command, payload); break;
    case 104:
    case 110:
    case 111:
    case 112: reset_colors(*command, payload); break;
    default: break;
  }
}

void Engine::set_link(std::string_view payload) {
  const std::size_t split = payload.find(';');
  if (split == std::string_view::npos || payload.size() > max_link_bytes) return;
  const std::string address = printable(payload.substr(split + 1), max_link_bytes);
  std::string_view id;
  for (std::string_view rest = payload.substr(0, split); !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (rest.starts_with("id=")) id = rest.substr(3, end - 3);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  pen.link = 0;
  if (!address.empty()) {
    if (links.wants_rebuild()) collect_links();
    pen.link = static_cast<std::uint16_t>(links.intern(printable(id, max_link_bytes) + "\n" + address));
  }
  pen_changed_ = true;
}

void Engine::set_colors(int command, std::string_view payload) {
  int next = command;
  while (!payload.empty()) {
    std::optional<int> index = special_colors + next - 10;
    std::string prefix = std::to_string(next);
    if (command == 4) {
      index = parse_number(take_part(payload));
      prefix = "4;" + std::to_string(index.value_or(0));
      if (index && *index >= special_colors) index.reset();
    } else if (next++ > 12) {
      return;
    }
    const std::string_view value = take_part(payload);
    if (!index) continue;
    const auto key = static_cast<std::uint16_t>(*index);
    if (value == "?") {
      const auto found = colors.find(key);
      reply("\x1b]" + prefix + ";" + told(found != colors.end() ? found->second : default_color(key)) + "\x1b\\");
    } else if (const auto color = parse_color(value)) {
      colors[key] = *color;
    }
  }
}

void Engine::reset_colors(int command, std::string_view payload) {
  if (command != 104) {
    colors.erase(static_cast<std::uint16_t>(special_colors + command - 110));
  } else if (payload.empty()) {
    std::erase_if(colors, [](const auto& entry) { return entry.first < special_colors; });
  }
  while (command == 104 && !payload.empty())
    if (const auto index = parse_number(take_part(payload)); index && *index < special_colors)
      colors.erase(static_cast<std::uint16_t>(*index));
}

}  // namespace berth::vt
