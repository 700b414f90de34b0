#include "cli/screen_state.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(ScreenState, SeesTheAlternateScreenWhereverBytesAreSplit) {
  std::string output = "text\x1b[?25l\x1b[?1;1049hmore";
  for (std::size_t split = 0; split <= output.size(); ++split) {
    ScreenState state;
    state.feed(output.substr(0, split));
    state.feed(output.substr(split));
    EXPECT_TRUE(state.alternate()) << split;
    state.feed("\x1b[?1049l");
    EXPECT_FALSE(state.alternate()) << split;
  }
}

TEST(ScreenState, OtherModesAndBrokenSequencesAreNotIt) {
  for (const char* output :
       {"\x1b[?1048h", "\x1b[1049h", "[?1049h", "\x1b[?1049", "\x1b[?1049x", "\x1b[?1049\x1b[0mh"}) {
    ScreenState state;
    state.feed(output);
    EXPECT_FALSE(state.alternate()) << output;
  }
  ScreenState state;
  state.feed("\x1b[?" + std::string(100'000, '1') + "h");
  EXPECT_FALSE(state.alternate());
}

TEST(ScreenState, LeavingTurnsTheAlternateScreenOffOnlyWhenItIsOn) {
  ScreenState state;
  EXPECT_EQ(state.leave().find("1049"), std::string::npos);
  state.feed("\x1b[?1049h");
  EXPECT_TRUE(state.leave().starts_with("\x1b[?1049l"));
}

}  // namespace
}  // namespace berth::cli
