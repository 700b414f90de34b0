#pragma once
// How a cell looks: colours, attributes, underline, hyperlink; 16 bytes. A grid keeps a 16-bit id per cell instead, and
// the table here gives each style in use one id. Id 0 is always the default style.
//
// Not thread-safe; owned by one screen. When the table grows past its threshold, the owner marks what is in use and
// calls rebuild(): memory follows what is on the screen, not what ever was. At most 65,535 styles live at a time;
// beyond, new ones look like the default style.

#include <cstdint>
#include <functional>
#include <vector>

namespace berth::vt {

// 0: default; index(n): palette entry; rgb(…): direct colour.
struct Color {
  std::uint32_t value = 0;
  [[nodiscard]] static Color index(std::uint32_t n) { return {1u << 24 | (n & 0xFF)}; }
  [[nodiscard]] static Color rgb(std::uint32_t rgb) { return {2u << 24 | (rgb & 0xFFFFFF)}; }
  [[nodiscard]] bool is_default() const { return value == 0; }
  [[nodiscard]] bool is_index() const { return value >> 24 == 1; }
  [[nodiscard]] std::uint32_t number() const { return value & 0xFFFFFF; }
  bool operator==(const Color&) const = default;
};

enum class Underline : std::uint8_t { None, Single, Double, Curly, Dotted, Dashed };

struct Style {
  enum Attribute : std::uint16_t {
    Bold = 1,
    Faint = 2,
    Italic = 4,
    Blink = 8,
    Inverse = 16,
    Invisible = 32,
    Strike = 64,
    Overline = 128,
    Protected = 256,  // DECSCA: selective erase leaves it
  };
  Color foreground, background, underline_color;
  std::uint16_t attributes = 0;  // of Attribute, and the Underline above them
  std::uint16_t link = 0;        // id in the screen's table of links; 0 is none

  static constexpr int underline_shift = 12;
  [[nodiscard]] bool has(Attribute attribute) const { return (attributes & attribute) != 0; }
  void set(Attribute attribute, bool on) {
    attributes = static_cast<std::uint16_t>(on ? attributes | attribute : attributes & ~attribute);
  }
  [[nodiscard]] Underline underline() const { return static_cast<Underline>(attributes >> underline_shift); }
  void set_underline(Underline underline) {
    attributes =
        static_cast<std::uint16_t>((attributes & 0x0FFF) | static_cast<unsigned>(underline) << underline_shift);
  }
  [[nodiscard]] Style erased() const { return {.background = background}; }  // what erasing with this pen leaves
  bool operator==(const Style&) const = default;
};
static_assert(sizeof(Style) == 16);

using StyleId = std::uint16_t;

class StyleTable {
 public:
  explicit StyleTable(std::size_t cells);  // of the screen: looking through it pays after so many new styles

  [[nodiscard]] const Style& operator[](StyleId id) const { return styles_[id]; }
  [[nodiscard]] std::size_t size() const { return styles_.size(); }
  [[nodiscard]] bool wants_rebuild() const { return styles_.size() >= threshold_ || missed_ >= patience; }
  // The id of a style; 0 when the table is full.
  [[nodiscard]] StyleId intern(const Style& style);

  // Keeps the ids marked in `used` (one per id). Returns the new id of each old one.
  [[nodiscard]] std::vector<StyleId> rebuild(const std::vector<bool>& used);
  void resize(std::size_t cells);
  void replace_links(const std::function<std::uint16_t(std::uint16_t)>& renamed);
  [[nodiscard]] std::size_t memory() const;

 private:
  static constexpr std::size_t most = 65535, patience = 4096;  // of a full table
  void index_again(std::size_t slots);
  [[nodiscard]] std::size_t slot_of(const Style& style) const;

  std::vector<Style> styles_;
  std::vector<StyleId> slots_;  // open addressing, a power of two; 0 is empty (the default style is found without)
  std::size_t least_, threshold_;
  std::size_t missed_ = 0;  // styles that found no place: a full table is looked through again after `patience` of them
};

}  // namespace berth::vt
