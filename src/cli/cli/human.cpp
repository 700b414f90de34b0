#include "cli/human.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

namespace berth::cli {
using namespace std::chrono;

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) {  // 1023.95 would be shown as 1024.0
    value /= 1024;
    ++unit;
  }
  std::string shown = fmt::format(fmt::runtime(value < 9.95 ? "{:.1f}" : "{:.0f}"), value);
  if (shown.ends_with(".0")) shown.resize(shown.size() - 2);
  return fmt::format("{} {}", shown, units[unit]);
}

std::string human_duration(nanoseconds duration) {
  double ns = static_cast<double>(duration.count());
  if (duration < 1us) return fmt::format("{} ns", duration.count());
  if (duration < 1ms) return fmt::format("{:.0f} µs", ns / 1e3);
  if (duration < 9950us) return fmt::format("{:.1f} ms", ns / 1e6);
  if (duration < 999500us) return fmt::format("{:.0f} ms", ns / 1e6);
  if (duration < 59950ms) return fmt::format("{:.1f} s", ns / 1e9);
  auto s = duration_cast<seconds>(duration).count();
  if (s < 3600) return fmt::format("{}m {}s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{}h {}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d {}h", s / 86'400, s / 3600 % 24);
}

std::string human_age(WallTime then, WallTime now) {
  auto s = now > then ? duration_cast<seconds>(now - then).count() : 0;
  auto count = [](std::int64_t n, const char* unit) { return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s"); };
  if (s < 60) return count(s, "second");
  if (s < 3600) return count(s / 60, "minute");
  if (s < 86'400) return count(s / 3600, "hour");
  if (s < 730 * 86'400) return count(s / 86'400, "day");
  return count(s / (365 * 86'400), "year");
}

namespace {

// Takes exactly `digits` digits and, when it is given, the character after them.
std::optional<int> take(std::string_view& text, std::size_t digits, char after = 0) {
  int value = 0;
  if (text.size() < digits + (after != 0 ? 1 : 0)) return std::nullopt;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  if (after != 0 && text[digits] != after) return std::nullopt;
  text.remove_prefix(digits + (after != 0 ? 1 : 0));
  return value;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return nanoseconds{0};
  text.remove_prefix(1);
  std::int64_t value = 0, scale = 1'000'000'000;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits >= 9) continue;  // finer than a nanosecond
    scale /= 10;
    value += (text[digits] - '0') * scale;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return nanoseconds{value};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (text == "Z" || text == "z") return minutes{0};
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  auto h = take(text, 2, ':'), m = take(text, 2);
  if (!h || !m || !text.empty() || *h > 23 || *m > 59) return std::nullopt;
  return sign * (hours{*h} + minutes{*m});
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  auto y = take(text, 4, '-'), mo = take(text, 2, '-'), d = take(text, 2);
  if (!y || !mo || !d || text.empty() || (text[0] != 'T' && text[0] != 't' && text[0] != ' ')) return std::nullopt;
  text.remove_prefix(1);
  auto h = take(text, 2, ':'), mi = take(text, 2, ':'), s = take(text, 2);
  if (!h || !mi || !s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  auto fraction = take_fraction(text);
  auto offset = take_offset(text);
  year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!fraction || !offset || !date.ok()) return std::nullopt;
  return WallTime{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + *fraction - *offset;
}

std::string local_time(WallTime time) {
  std::time_t seconds_since = system_clock::to_time_t(time_point_cast<system_clock::duration>(time));
  std::tm parts{};
  if (localtime_r(&seconds_since, &parts) == nullptr) return {};
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

}  // namespace berth::cli
