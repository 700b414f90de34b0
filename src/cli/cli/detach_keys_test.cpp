#include "cli/detach_keys.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

struct Outcome {
  std::string input;
  bool detach = false;
  bool operator==(const Outcome&) const = default;
};

Outcome feed_in_two(std::string_view typed, std::size_t split) {
  DetachKeys keys;
  Outcome out;
  for (std::string_view part : {typed.substr(0, split), typed.substr(split)}) {
    auto scan = keys.feed(part);
    out.input += scan.input;
    if (scan.detach) return {out.input, true};
  }
  return out;
}

TEST(DetachKeys, SameWhereverTheBytesAreSplit) {
  struct Case {
    std::string_view typed, input;
    bool detach;
  };
  for (const Case& c : {Case{"ls\r", "ls\r", false},
                        Case{"a\x10\x11"
                             "b",
                             "a", true},
                        Case{"\x10\x10\x11", "\x10", true}, Case{"\x10x\x11", "\x10x\x11", false},
                        Case{"\x11\x10y", "\x11\x10y", false}, Case{"\x10\x10z", "\x10\x10z", false}})
    for (std::size_t split = 0; split <= c.typed.size(); ++split)
      EXPECT_EQ(feed_in_two(c.typed, split), (Outcome{std::string(c.input), c.detach}))
          << c.typed << " split at " << split;
}

TEST(DetachKeys, TakingOverIsNoInput) {
  DetachKeys keys;
  EXPECT_FALSE(keys.feed("a\x10").take_over);
  const auto scan = keys.feed("\x14" "b");
  EXPECT_TRUE(scan.take_over);
  EXPECT_EQ(scan.input, "b");
}

TEST(DetachKeys, AHeldKeyComesWithTheNext) {
  DetachKeys keys;
  EXPECT_EQ(keys.feed("\x10").input, "");
  EXPECT_EQ(keys.feed("a").input,
            "\x10"
            "a");
}

}  // namespace
}  // namespace berth::cli
