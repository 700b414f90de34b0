#pragma once
// One control sequence as the parser hands it over (ECMA-48 section 5.4): prefix, parameters with sub-parameters,
// intermediates, final byte. Numbers are clamped to `max_value`; parameters beyond `max_params` are dropped.

#include <array>
#include <cstdint>
#include <string>

namespace berth::vt {

struct Sequence {
  static constexpr int max_params = 32, max_value = 65535;

  // One number. `sub`: it was separated from the one before by a colon. `given`: it has digits.
  struct Param {
    std::uint16_t value;
    bool sub, given;
  };

  char prefix = 0;  // one of < = > ? or 0
  char final = 0;
  std::uint8_t intermediates = 0;  // how many came; more than two make no sequence that anybody knows
  std::array<char, 2> intermediate{};
  std::uint8_t count = 0;  // of params; at least 1 after begin()
  bool full = false;       // digits that follow are dropped
  std::array<Param, max_params> params;

  void begin() {
    prefix = final = 0;
    intermediates = 0;
    count = 1;
    full = false;
    params[0] = {0, false, false};
  }
  void collect(char byte) {
    if (intermediates < 2) intermediate[intermediates] = byte;
    if (intermediates < 3) ++intermediates;
  }
  void param_byte(char byte) {  // a digit, ':' or ';'
    if (byte == ';' || byte == ':') {
      if (count == max_params) {
        full = true;
      } else {
        params[count++] = {0, byte == ':', false};
      }
    } else if (!full) {
      Param& param = params[count - 1];
      const int value = param.value * 10 + (byte - '0');
      param.value = static_cast<std::uint16_t>(value < max_value ? value : max_value);
      param.given = true;
    }
  }

  // The number of parameter `index`, sub-parameters not counted, or `otherwise` where it is absent or zero.
  [[nodiscard]] int number(int index, int otherwise) const {
    for (int i = 0; i < count; ++i)
      if (!params[i].sub && index-- == 0) return params[i].value != 0 ? params[i].value : otherwise;
    return otherwise;
  }
  // What tells one function from another: prefix, intermediates and final in one number.
  [[nodiscard]] std::uint32_t function() const {
    if (intermediates > 2) return 0;
    return key(prefix, intermediates > 0 ? intermediate[0] : '\0', intermediates > 1 ? intermediate[1] : '\0', final);
  }
  [[nodiscard]] static constexpr std::uint32_t key(char prefix, char first, char second, char final) {
    return std::uint32_t(prefix) << 24 | std::uint32_t(first) << 16 | std::uint32_t(second) << 8 | std::uint32_t(final);
  }
  [[nodiscard]] static constexpr std::uint32_t key(char final) { return key(0, 0, 0, final); }
  [[nodiscard]] static constexpr std::uint32_t key(char prefix, char final) { return key(prefix, 0, 0, final); }

  // Prefix, parameters and intermediates as they would be sent.
  [[nodiscard]] std::string source() const;
};

}  // namespace berth::vt
