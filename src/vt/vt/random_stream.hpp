#pragma once
// Terminal output made of everything that the engine knows and of noise, the same for the same seed: for property tests
// and the oracle. Positions are small, so that things meet.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::vt {

class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state_(seed * 0xD1342543DE82EF95u + 1) {}

  std::uint32_t below(std::uint32_t limit) {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return static_cast<std::uint32_t>((z >> 32) * limit >> 32);
  }
  template <std::size_t N>
  std::string pick(const std::string_view (&choices)[N]) {
    return std::string(choices[below(N)]);
  }
  std::string number() {
    return below(6) == 0 ? std::string() : std::to_string(below(8) == 0 ? below(300) : below(14));
  }

  // About `pieces` words, controls and sequences.
  std::string make(int pieces) {
    std::string out;
    for (int i = 0; i < pieces; ++i) out += piece();
    return out;
  }

 private:
  std::string piece() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2: return words();
      case 3: return pick({"\r\n", "\n", "\r", "\t", "\b", "\x0e", "\x0f", "\x0b", "\x07", "\r\n\r\n"});
      case 4: return "\x1b[" + number() + ";" + number() + "H";
      case 5: return "\x1b[" + number() + std::string(1, "ABCDEFGILMPSTXZ@`abdegJK"[below(24)]);
      case 6: return sgr();
      case 7: return mode();
      case 8:
        return "\x1b" + pick({"7", "8", "D", "E", "H", "M", "(0", "(B", ")0", "*A", "n", "o", "=", ">", "#8", "%G"});
      case 9: return rare();
      case 10: return wide();
      default: return below(60) == 0 ? noise() : words();
    }
  }
  std::string words() {
    std::string out;
    for (int n = static_cast<int>(below(14)) + 1; n > 0; --n)
      out += below(6) == 0 ? ' ' : static_cast<char>('!' + below(94));
    return out;
  }
  std::string wide() {
    return pick({"会话", "日本語テキスト", "é", "e\xCC\x81x", "😀", "🚀 go", "│─┼", "한글", "\xCC\x88", "ﾊﾟ", "á̂̃",
                 "👩\u200d💻"});
  }
  std::string color() {
    switch (below(3)) {
      case 0: return ";5;" + std::to_string(below(256));
      case 1:
        return ";2;" + std::to_string(below(256)) + ";" + std::to_string(below(256)) + ";" + std::to_string(below(256));
      default: return ":2::" + std::to_string(below(256)) + ":1:" + std::to_string(below(256));
    }
  }
  std::string sgr() {
    switch (below(5)) {
      case 0: return "\x1b[m";
      case 1: return "\x1b[" + pick({"38", "48", "58"}) + color() + "m";
      case 2: return "\x1b[" + pick({"4:3", "4:0", "4:5", "21", "53", "59", "24;55"}) + "m";
      default:
        return "\x1b[" + std::to_string(below(50)) + ";" + std::to_string(below(2) == 0 ? 90 + below(18) : below(10)) +
               "m";
    }
  }
  std::string mode() {
    return "\x1b[" + pick({"4",     "20",    "?1",    "?5",    "?6",    "?7",    "?7",    "?12",       "?25",   "?45",
                           "?66",   "?9",    "?1000", "?1002", "?1003", "?1004", "?1005", "?1006",     "?1007", "?1015",
                           "?1016", "?2004", "?2026", "?47",   "?1047", "?1048", "?1049", "?1049;2004"}) +
           (below(3) == 0 ? "l" : "h");
  }
  std::string rare() {
    switch (below(20)) {
      case 0: return "\x1b[" + number() + ";" + number() + "r";
      case 1: return "\x1b[r";
      case 2:
        return "\x1b]8;" + pick({"", "id=a", "x=1:id=b"}) + ";" + pick({"", "https://a.example/", "file:///x;y"}) +
               "\x1b\\";
      case 3: return "\x1b]" + pick({"0", "1", "2"}) + ";" + words() + (below(2) == 0 ? "\x07" : "\x1b\\");
      case 4: return "\x1b[" + std::to_string(below(8)) + " q";
      case 5: return "\x1b[" + std::to_string(below(3)) + "\"q";
      case 6: return "\x1b[?" + std::to_string(below(3)) + (below(2) == 0 ? "J" : "K");
      case 7: return "\x1b[" + number() + pick({"'}", "'~", " @", " A"});
      case 8: return "\x1b[" + pick({">1u", ">5u", "<u", "=3u", "=4;2u", "<9u", "=1;3u"});
      case 9: return "\x1b[" + pick({"3g", "g", "g"});
      case 10: return "\x1b[" + pick({"22t", "23t", "22;1t", "23;2t"});
      case 11: return below(6) == 0 ? "\x1b[!p" : "\x1b[>4;2m";
      case 12:
        return below(20) == 0 ? "\x1b"
                                "c"
                              : "\x1b[3J";
      case 13: return "\x1b]" + pick({"4;1;#102030", "10;rgb:11/22/33", "104;1", "110", "104", "11;?"}) + "\x1b\\";
      case 14: return "\x1bP" + pick({"q#0;2;0;0;0~~", "$qm", "+q544e", "1;2|x"}) + "\x1b\\";
      case 15: return "\x1b" + pick({"_Gf=24;AAAA", "^pm", "Xsos"}) + "\x1b\\";
      case 16: return "\x1b[" + pick({"c", ">c", "=c", "6n", "?6n", "5n", "?1049$p", "4$p", ">q", "?u", "18t"});
      default: return words() + "\x1b[" + number() + "b";
    }
  }
  std::string noise() {
    std::string out;
    for (int n = static_cast<int>(below(12)) + 1; n > 0; --n) out += static_cast<char>(below(256));
    return out;
  }

  std::uint64_t state_;
};

}  // namespace berth::vt
