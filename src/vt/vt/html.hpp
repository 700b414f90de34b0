#pragma once
// A screen with the lines above it as one page that anybody can open: styled text, which can be searched and copied.
//
// The page stands alone: no script, nothing from elsewhere, and a policy that forbids both. It is well-formed XML too. Colours
// are readable on a light and on a dark ground, as the browser prefers: where a program's colour does not stand out enough
// (contrast under 4.5, WCAG 2.1 section 1.4.3), it is mixed with black or white until it does. Links are those of the program
// (OSC 8), when they lead to http or https.
//
// In pieces, so that a page of any length takes the memory of a few lines. Reads the screen, which must not change meanwhile.
//
// Example (const vt::Screen& screen):
//   vt::HtmlWriter writer(screen, {.title = "build"});
//   std::string page;
//   while (writer.append(page)) {
//   }

#include <cstddef>
#include <cstdint>
#include <string>

#include "vt/screen.hpp"

namespace berth::vt {

struct Line;
struct Run;
struct Style;

struct HtmlOptions {
  std::string title;  // of the page
  std::string note;   // a sentence above the text; empty: none
};

class HtmlWriter {
 public:
  HtmlWriter(const Screen& screen, HtmlOptions options) : engine_(screen.engine()), options_(std::move(options)) {}
  // Appends the next piece, some hundred lines; false when the page was complete already.
  bool append(std::string& out);

 private:
  void begin(std::string& out) const;
  void line(std::string& out, const Line& line) const;
  void run(std::string& out, const Run& run) const;
  [[nodiscard]] std::string look(const Style& style) const;
  [[nodiscard]] std::size_t lines() const;

  const Engine& engine_;
  HtmlOptions options_;
  bool begun_ = false, ended_ = false;
  std::size_t next_ = 0;  // line
};

// `color` (0xRRGGBB) itself or, where it does not stand out from `ground`, nearer to black or white. Pure.
[[nodiscard]] std::uint32_t readable(std::uint32_t color, std::uint32_t ground);
[[nodiscard]] double contrast(std::uint32_t one, std::uint32_t other);  // from 1 to 21

}  // namespace berth::vt
