#include "cli/human.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/time.hpp"

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

std::optional<WallTime> parse_time(std::string_view text) { return berth::parse_time(text); }

std::string local_time(WallTime time) {
  std::time_t seconds_since = system_clock::to_time_t(time_point_cast<system_clock::duration>(time));
  std::tm parts{};
  if (localtime_r(&seconds_since, &parts) == nullptr) return {};
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", parts);
}

}  // namespace berth::cli
