#include "cli/cast_playback.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include "os/file.hpp"
#include "os/scratch_dir.hpp"

namespace berth::cli {
namespace {

std::string recording(int events) {
  std::string out;
  vt::CastWriter writer(3);
  writer.begin({.size = {40, 5}}, out);
  for (int i = 0; i < events; ++i) {
    writer.output(vt::CastTime{i * 1000}, "line " + std::to_string(i) + "\r\n", out);
    if (i % 50 == 20) writer.resize(vt::CastTime{i * 1000}, {static_cast<std::uint16_t>(30 + i % 40), 6}, out);
  }
  return out;
}

class CastPlaybackTest : public testing::Test {
 protected:
  UniqueFd file(const std::string& content) {
    EXPECT_TRUE(os::durable_write(scratch_ / "r.cast", content));
    return os::open_read_write(scratch_ / "r.cast").value();
  }
  os::ScratchDir scratch_;
};

TEST_F(CastPlaybackTest, GoesBackToEveryPlaceWhereItWas) {
  const UniqueFd fd = file(recording(400));
  for (const std::uint64_t mark_bytes : {std::uint64_t{1}, std::uint64_t{2000}, std::uint64_t{1} << 30}) {
    CastPlayback playback(fd.get(), mark_bytes);
    playback.complete();
    std::vector<std::string> screens{vt::text(playback.screen())};
    std::vector<vt::CastTime> times{vt::CastTime{}};
    for (auto event = playback.next(); event && *event; event = playback.next()) {
      screens.push_back(vt::text(playback.screen()));
      times.push_back(playback.time());
    }
    ASSERT_EQ(screens.size(), 409u);
    for (std::size_t at = screens.size() - 1; at > 0; --at) {
      ASSERT_TRUE(playback.back().value());
      ASSERT_EQ(vt::text(playback.screen()), screens[at - 1]) << at << " with marks of " << mark_bytes;
      ASSERT_EQ(playback.time(), times[at - 1]);
      if (at % 7 != 0) continue;
      ASSERT_TRUE(playback.next().value());
      ASSERT_EQ(vt::text(playback.screen()), screens[at]);
      ASSERT_TRUE(playback.back().value());
    }
    EXPECT_FALSE(playback.back().value());
  }
}

TEST_F(CastPlaybackTest, FollowsAFileThatGrows) {
  const std::string all = recording(20);
  const UniqueFd fd = file("");
  CastPlayback playback(fd.get());
  std::size_t events = 0;
  for (std::size_t at = 0; at < all.size(); at += 11) {
    ASSERT_TRUE(os::pwrite_all(fd.get(), std::string_view(all).substr(at, 11), at));
    for (auto event = playback.next(); event && *event; event = playback.next()) ++events;
  }
  EXPECT_EQ(events, 20u);
  EXPECT_FALSE(playback.next().value()) << "more may come";
  playback.complete();
  EXPECT_FALSE(playback.next().value());
}

TEST_F(CastPlaybackTest, ADamagedFileIsToldWithItsLine) {
  const UniqueFd fd = file(recording(3) + "[0, \"o\", 5]\n");
  CastPlayback playback(fd.get());
  playback.complete();
  Result<std::optional<vt::CastEvent>> event = playback.next();
  while (event && *event) event = playback.next();
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().message.find("Line 5"), std::string::npos) << event.error().message;
}

}  // namespace
}  // namespace berth::cli
