#include "bundle/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.hpp"

namespace berth::bundle {
namespace {

struct Field {
  std::size_t at, size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12}, time_field{136, 12},
    sum_field{148, 8};
constexpr std::size_t type_at = 156, magic_at = 257;
constexpr std::string_view magic("ustar\00000", 8);
constexpr std::uint64_t most_octal = 077777777777;
constexpr std::uint64_t most_seconds = 9'000'000'000;  // what a WallTime holds, and a little less

void put(std::string& block, Field field, std::string_view text) { block.replace(field.at, text.size(), text); }

std::uint64_t sum_of(std::string block) {
  std::fill_n(block.begin() + static_cast<std::ptrdiff_t>(sum_field.at), sum_field.size, ' ');
  return std::accumulate(block.begin(), block.end(), std::uint64_t{0},
                         [](std::uint64_t sum, char c) { return sum + static_cast<unsigned char>(c); });
}

std::string number_text(std::uint64_t number) {
  if (number <= most_octal) return fmt::format("{:011o}", number) + '\0';
  std::string out(12, '\0');
  out[0] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < 8; ++i) out[11 - i] = static_cast<char>(number >> 8 * i);
  return out;
}

std::optional<std::uint64_t> read_number(std::string_view block, Field field) {
  const auto text = block.substr(field.at, field.size);
  std::uint64_t out = 0;
  if (text[0] == static_cast<char>(0x80)) {
    if (std::ranges::any_of(text.substr(1, text.size() - 9), [](char c) { return c != '\0'; })) return std::nullopt;
    for (const char c : text.substr(text.size() - 8)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '7') return std::nullopt;
    out = out << 3 | static_cast<std::uint64_t>(c - '0');
  }
  if (text.back() != '\0') return std::nullopt;
  return out;
}

}  // namespace

std::string tar_header(std::string_view name, std::uint64_t bytes, WallTime time) {
  BERTH_CHECK(!name.empty() && name.size() <= name_field.size);
  std::string block(tar_block, '\0');
  put(block, name_field, name);
  put(block, mode_field, std::string_view("0000644\0", 8));
  put(block, uid_field, std::string_view("0000000\0", 8));
  put(block, gid_field, std::string_view("0000000\0", 8));
  put(block, size_field, number_text(bytes));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  put(block, time_field, number_text(static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0))));
  block[type_at] = '0';
  block.replace(magic_at, magic.size(), magic);
  put(block, sum_field, fmt::format("{:06o}", sum_of(block)) + std::string("\0 ", 2));
  return block;
}

std::optional<TarMember> read_tar_header(std::string_view block) {
  if (block.size() != tar_block || block.substr(magic_at, 5) != magic.substr(0, 5)) return std::nullopt;
  if (block.substr(sum_field.at, 6) != fmt::format("{:06o}", sum_of(std::string(block)))) return std::nullopt;
  const auto bytes = read_number(block, size_field), seconds = read_number(block, time_field);
  if (!bytes || !seconds || *seconds > most_seconds) return std::nullopt;
  const auto name = block.substr(0, name_field.size);
  return TarMember{.name = std::string(name.substr(0, name.find('\0'))), .type = block[type_at], .bytes = *bytes,
                   .time = WallTime(std::chrono::seconds(*seconds))};
}

}  // namespace berth::bundle
