#pragma once
// The types that a setting can have, how their text is read, and what range they keep. Text is the same in the file, in
// the environment and in flags.
//
//   Text          any text without control characters
//   Flag          true, false, yes, no, on, off, 1, 0
//   Count, Port   decimal number
//   Bytes         number, with B, K, M, G, T, KiB, MiB, GiB, TiB (1024) or KB, MB, GB, TB (1000): 512MiB
//   Milliseconds  number, with ms, s, m, h, d: 5s; without a unit milliseconds
//   List          items between commas; in the file also a YAML list
//
// Reading is pure; numbers that do not fit are refused, never wrapped.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::config {

using Text = std::string;
using Flag = bool;
using Count = std::uint32_t;
using Port = std::uint16_t;
using Bytes = std::uint64_t;
using Milliseconds = std::chrono::milliseconds;
using List = std::vector<std::string>;

inline constexpr std::uint64_t KiB = 1ull << 10, MiB = 1ull << 20, GiB = 1ull << 30, TiB = 1ull << 40;

// Ranges, inclusive. Between is of the number, in its unit; Length of a text's bytes or a list's items.
struct Any {};
struct Between {
  std::uint64_t low, high;
};
struct Length {
  std::uint64_t low, high;
};
struct OneOf {
  std::vector<std::string_view> words;
  OneOf(std::convertible_to<std::string_view> auto... each) : words{each...} {}
};

[[nodiscard]] std::optional<bool> parse_flag(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);
[[nodiscard]] std::optional<Milliseconds> parse_milliseconds(std::string_view text);
[[nodiscard]] bool is_clean_text(std::string_view text);  // no control characters

[[nodiscard]] std::string bytes_text(std::uint64_t bytes);        // "512MiB": the largest unit that divides it
[[nodiscard]] std::string milliseconds_text(Milliseconds value);  // "30s"

}  // namespace berth::config
