#include "control/place.hpp"

#include <charconv>
#include <string>

#include "base/time.hpp"

namespace berth::control {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t ms;
};
constexpr Unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};  // "ms" before "m"
constexpr std::uint64_t longest_ms = 10ull * 366 * 86'400'000;

std::optional<std::uint64_t> whole(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// "1h5m", "90s", "250ms": the larger unit first or not, each a whole number.
std::optional<milliseconds> duration(std::string_view text) {
  std::uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto value = whole(text);
    if (!value) return std::nullopt;
    std::uint64_t unit = 0;
    for (const auto& [name, ms] : units)
      if (unit == 0 && text.starts_with(name)) {
        unit = ms;
        text.remove_prefix(name.size());
      }
    if (unit == 0 || *value > longest_ms / unit) return std::nullopt;
    total += *value * unit;
    if (total > longest_ms) return std::nullopt;
  }
  return milliseconds(static_cast<std::int64_t>(total));
}

}  // namespace

Result<std::optional<Place>> parse_place(std::string_view text, std::string_view parameter) {
  if (text.empty()) return std::nullopt;
  std::string_view rest = text;
  if (const auto offset = whole(rest); offset && rest.empty()) return Place{ByteOffset{*offset}};
  if (text == "now") return Place{Now{}};
  rest = text;
  if (rest.starts_with("cmd:")) {
    rest.remove_prefix(4);
    if (const auto number = whole(rest); number && rest.empty() && *number > 0) return Place{CommandNumber{*number}};
  } else if (const auto since = duration(text)) {
    return Place{*since};
  } else if (const auto time = parse_time(text)) {
    return Place{*time};
  }
  return fail(Code::InvalidArgument, "The parameter \"" + std::string(parameter) + "\" names no place.",
              "It is an offset, cmd:NUMBER, a time since the beginning as 90s or 1h5m, a moment as 2026-03-01T14:05:00Z, or now.");
}

}  // namespace berth::control
