// Properties of the screen over random streams: the seed is printed, BERTH_SEED repeats one.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "vt/random_stream.hpp"
#include "vt/screen.hpp"

namespace berth::vt {
namespace {

std::uint64_t first_seed() {
  const char* given = std::getenv("BERTH_SEED");
  return given ? std::strtoull(given, nullptr, 10)
               : static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}
int rounds(int usual) {
  const char* factor = std::getenv("BERTH_ROUNDS");
  return std::getenv("BERTH_SEED") ? 1 : usual * (factor ? std::atoi(factor) : 1);
}

std::string visible(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c == '\x1b') {
      out += "\\e";
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      constexpr char digits[] = "0123456789abcdef";
      out += std::string("\\x") + digits[c >> 4 & 15] + digits[c & 15];
    } else {
      out += c;
    }
  }
  return out;
}

struct Case {
  std::uint64_t seed;
  ScreenOptions options;
  std::string stream;
};
Case make_case(std::uint64_t seed) {
  RandomStream random(seed);
  Case made{.seed = seed, .options = {}, .stream = {}};
  made.options.size = {.cols = static_cast<std::uint16_t>(2 + random.below(30)),
                       .rows = static_cast<std::uint16_t>(2 + random.below(12))};
  made.options.scrollback_lines = random.below(3) == 0 ? 0 : random.below(40);
  made.stream = random.make(static_cast<int>(random.below(120)) + 1);
  return made;
}
Screen screen_of(const Case& made) {
  Screen screen(made.options);
  screen.feed(made.stream);
  return screen;
}
std::string told(const Case& made) {
  return "BERTH_SEED=" + std::to_string(made.seed) + " " + std::to_string(made.options.size.cols) + "x" +
         std::to_string(made.options.size.rows) + " stream: " + visible(made.stream);
}

TEST(ScreenProperty, AnySplitGivesTheSameScreen) {
  for (int round = rounds(400); round > 0; --round) {
    const Case made = make_case(first_seed());
    const Screen whole = screen_of(made);
    Screen bytewise(made.options), pieces(made.options);
    for (const char byte : made.stream) bytewise.feed({&byte, 1});
    RandomStream random(made.seed + 1);
    for (std::size_t at = 0; at < made.stream.size();) {
      const std::size_t size = random.below(20) + 1;
      pieces.feed(std::string_view(made.stream).substr(at, size));
      at += size;
    }
    ASSERT_EQ(difference(whole, bytewise), "") << told(made);
    ASSERT_EQ(difference(whole, pieces), "") << told(made);
  }
}

TEST(ScreenProperty, WhatIsDrawnAgainIsTheSame) {
  for (int round = rounds(400); round > 0; --round) {
    Case made = make_case(first_seed());
    const Screen original = screen_of(made);
    const std::string stream = redraw(original, {.scrollback = true});
    Screen again(made.options);
    again.feed(stream);
    ASSERT_EQ(difference(original, again), "") << told(made) << "\nredrawn: " << visible(stream);
    ASSERT_EQ(again.take_replies(), "") << told(made);

    Screen dirty = screen_of(make_case(made.seed + 1));
    dirty.resize(made.options.size);
    dirty.feed("\x18" + redraw(original, {.reset = true}));
    made.options.scrollback_lines = 0;
    Screen fresh(made.options);
    fresh.feed(redraw(original));
    ASSERT_EQ(text(dirty), text(original)) << told(made);
    ASSERT_EQ(cells_json(fresh), cells_json(dirty)) << told(made);
  }
}

TEST(ScreenProperty, WhatIsSavedIsLoaded) {
  for (int round = rounds(200); round > 0; --round) {
    const Case made = make_case(first_seed());
    const Screen original = screen_of(made);
    const std::string saved = save(original);
    Result<Screen> loaded = load(saved);
    ASSERT_TRUE(loaded) << told(made);
    ASSERT_EQ(difference(original, *loaded), "") << told(made);
    ASSERT_EQ(save(*loaded), saved) << told(made);
  }
}

// The stream goes on after any cut as if nothing had been.
TEST(ScreenProperty, ARedrawnScreenGoesOn) {
  for (int round = rounds(200); round > 0; --round) {
    const Case made = make_case(first_seed());
    const Screen whole = screen_of(made);
    const std::size_t cut = RandomStream(made.seed + 2).below(static_cast<std::uint32_t>(made.stream.size() + 1));
    Screen first(made.options), second(made.options);
    first.feed(std::string_view(made.stream).substr(0, cut));
    second.feed(redraw(first, {.scrollback = true}));
    second.feed(std::string_view(made.stream).substr(cut));
    ASSERT_EQ(difference(whole, second), "") << "cut at " << cut << " " << told(made);
  }
}

TEST(ScreenProperty, AnySizeAfterAnyOther) {
  for (int round = rounds(200); round > 0; --round) {
    const Case made = make_case(first_seed());
    Screen screen = screen_of(made);
    RandomStream random(made.seed + 3);
    for (int i = 0; i < 4; ++i) {
      Case now = made;
      now.options.size = {.cols = static_cast<std::uint16_t>(2 + random.below(40)),
                          .rows = static_cast<std::uint16_t>(2 + random.below(20))};
      screen.resize(now.options.size);
      screen.feed(random.make(5));
      Screen again(now.options);
      again.feed(redraw(screen, {.scrollback = true}));
      ASSERT_EQ(difference(screen, again), "") << told(made);
    }
  }
}

}  // namespace
}  // namespace berth::vt
