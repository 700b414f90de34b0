#include "config/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace berth::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array byte_units = {Unit{"", 1},
                                   Unit{"B", 1},
                                   Unit{"K", KiB},
                                   Unit{"KiB", KiB},
                                   Unit{"KB", 1'000},
                                   Unit{"M", MiB},
                                   Unit{"MiB", MiB},
                                   Unit{"MB", 1'000'000},
                                   Unit{"G", GiB},
                                   Unit{"GiB", GiB},
                                   Unit{"GB", 1'000'000'000},
                                   Unit{"T", TiB},
                                   Unit{"TiB", TiB},
                                   Unit{"TB", 1'000'000'000'000}};
constexpr std::array time_units = {Unit{"", 1},       Unit{"ms", 1},        Unit{"s", 1'000},
                                   Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};

template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  const auto unit = std::ranges::find(units, text.substr(digits), &Unit::name);
  if (!number || unit == units.end()) return std::nullopt;
  if (*number > std::numeric_limits<std::int64_t>::max() / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

}  // namespace

std::optional<bool> parse_flag(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on", "1"})
    if (text == word) return true;
  for (const std::string_view word : {"false", "no", "off", "0"})
    if (text == word) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) { return parse_with_unit(text, byte_units); }

std::optional<Milliseconds> parse_milliseconds(std::string_view text) {
  const auto number = parse_with_unit(text, time_units);
  if (!number) return std::nullopt;
  return Milliseconds(static_cast<std::int64_t>(*number));
}

bool is_clean_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string bytes_text(std::uint64_t bytes) {
  for (const auto& [name, factor] : {Unit{"TiB", TiB}, Unit{"GiB", GiB}, Unit{"MiB", MiB}, Unit{"KiB", KiB}})
    if (bytes != 0 && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, name);
  return fmt::format("{}B", bytes);
}

std::string milliseconds_text(Milliseconds value) {
  const auto ms = value.count();
  for (const auto& [name, factor] : {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}})
    if (const auto unit = static_cast<std::int64_t>(factor); ms != 0 && ms % unit == 0)
      return fmt::format("{}{}", ms / unit, name);
  return fmt::format("{}ms", ms);
}

}  // namespace berth::config
