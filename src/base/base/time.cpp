#include "base/time.hpp"

#include <chrono>

namespace berth {
using namespace std::chrono;

namespace {

constexpr int first_year = 1678, last_year = 2261;  // whole years that 64 bits of nanoseconds hold

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
  if (!fraction || !offset || !date.ok() || *y < first_year || *y > last_year) return std::nullopt;
  return WallTime{sys_days{date}} + hours{*h} + minutes{*mi} + seconds{*s} + *fraction - *offset;
}

}  // namespace berth
