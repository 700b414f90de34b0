#include "document/number.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "base/check.hpp"
#include "document/json.hpp"

namespace berth::document {
namespace {

// value = 0.digits × 10^exponent, without zeros at either end of the digits.
struct Decimal {
  std::string digits;
  std::int64_t exponent = 0;
  bool negative = false;
  bool operator==(const Decimal&) const = default;
};

Decimal decimal_of(std::string_view text) {
  Decimal out;
  std::size_t at = 0;
  if (text.starts_with('-')) out.negative = true, ++at;
  std::int64_t point = -1;
  for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') point = static_cast<std::int64_t>(out.digits.size());
    else out.digits += text[at];
  }
  out.exponent = point < 0 ? static_cast<std::int64_t>(out.digits.size()) : point;
  if (at < text.size()) {
    std::string_view power = text.substr(at + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    std::int64_t value = 0;
    if (std::from_chars(power.data(), power.data() + power.size(), value).ec != std::errc{} || std::abs(value) > 1'000'000'000)
      value = power.starts_with('-') ? -1'000'000'000 : 1'000'000'000;
    out.exponent += value;
  }
  const auto first = out.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};  // zero, of either sign
  out.digits.erase(0, first);
  out.exponent -= static_cast<std::int64_t>(first);
  out.digits.erase(out.digits.find_last_not_of('0') + 1);
  return out;
}

}  // namespace

std::optional<double> exact_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  const Decimal wanted = decimal_of(text);
  if (error != std::errc{} || !std::isfinite(value)) {  // out of range, but for a zero with a large exponent
    if (!wanted.digits.empty()) return std::nullopt;
    return 0.0;
  }
  if (wanted != decimal_of(canonical_number(value))) return std::nullopt;
  return value == 0 ? 0.0 : value;
}

// ECMAScript's Number::toString, which RFC 8785 asks for.
std::string canonical_number(double number) {
  BERTH_CHECK(std::isfinite(number));
  if (number == 0) return "0";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  const Decimal d = decimal_of({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  const auto count = static_cast<std::int64_t>(d.digits.size());
  const auto zeros = [](std::int64_t n) { return std::string(static_cast<std::size_t>(n), '0'); };
  std::string out = d.negative ? "-" : "";
  if (count <= d.exponent && d.exponent <= 21) return out + d.digits + zeros(d.exponent - count);
  if (0 < d.exponent && d.exponent <= 21) {
    const auto whole = static_cast<std::size_t>(d.exponent);
    return out + d.digits.substr(0, whole) + "." + d.digits.substr(whole);
  }
  if (-6 < d.exponent && d.exponent <= 0) return out + "0." + zeros(-d.exponent) + d.digits;
  const std::int64_t power = d.exponent - 1;
  out += d.digits.substr(0, 1);
  if (count > 1) out += "." + d.digits.substr(1);
  return out + (power < 0 ? "e-" : "e+") + std::to_string(std::abs(power));
}

}  // namespace berth::document
