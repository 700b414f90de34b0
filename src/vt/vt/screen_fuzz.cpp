// Properties, over any bytes: any split gives the same screen; what is drawn again, and what is saved and loaded, is
// the same; the stream goes on after a redraw at any place as if nothing had been; any size may follow. The first bytes
// choose size, pieces and cut. A saved state of any bytes is refused or is a screen.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "vt/screen.hpp"

namespace {

using berth::vt::Screen;

void expect_same(const Screen& one, const Screen& other, const char* what) {
  if (const std::string found = berth::vt::difference(one, other); !found.empty()) {
    std::fprintf(stderr, "%s: %s\n", what, found.c_str());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 4), size - 4);
  (void)berth::vt::load(bytes);
  const berth::vt::ScreenOptions options{.size = {.cols = static_cast<std::uint16_t>(2 + data[0] % 40),
                                                  .rows = static_cast<std::uint16_t>(2 + data[0] / 40)},
                                         .scrollback_lines = data[1] % 16u};
  Screen whole(options);
  whole.feed(bytes);

  Screen pieces(options);
  const std::size_t piece = data[2] % 16u + 1;
  for (std::size_t at = 0; at < bytes.size(); at += piece) pieces.feed(bytes.substr(at, piece));
  expect_same(whole, pieces, "split");

  Screen before(options), after(options);
  const std::size_t cut = bytes.size() * data[3] / 256;
  before.feed(bytes.substr(0, cut));
  after.feed(berth::vt::redraw(before, {.scrollback = true}));
  after.feed(bytes.substr(cut));
  expect_same(whole, after, "redrawn and gone on");

  const auto loaded = berth::vt::load(berth::vt::save(whole));
  if (!loaded) std::abort();
  expect_same(whole, *loaded, "saved and loaded");

  (void)berth::vt::cells_json(whole);
  (void)berth::vt::svg(whole);
  whole.resize(
      {.cols = static_cast<std::uint16_t>(2 + data[2] % 60), .rows = static_cast<std::uint16_t>(1 + data[3] % 20)});
  if (whole.size().rows > 1) {
    Screen again({.size = whole.size(), .scrollback_lines = options.scrollback_lines});
    again.feed(berth::vt::redraw(whole, {.scrollback = true}));
    expect_same(whole, again, "resized");
  }
  return 0;
}
