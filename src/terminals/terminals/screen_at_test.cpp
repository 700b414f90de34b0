#include "terminals/screen_at.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/clock.hpp"
#include "journal/checkpoints.hpp"
#include "journal/writer.hpp"
#include "os/scratch_dir.hpp"

namespace berth::terminals {
namespace {

class ScreenAtTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<std::byte, 16> bits{std::byte{9}};
    const auto id = TerminalId::from_bits(bits);
    auto made = journal::Writer::create(dir(), id, {.segment_bytes = 64 << 10}, clock_.now());
    ASSERT_TRUE(made) << made.error().describe();
    writer_ = *std::move(made);
    resize({.cols = 40, .rows = 10});
  }
  [[nodiscard]] std::filesystem::path dir() const { return scratch_ / "journal"; }
  [[nodiscard]] ScreenSource source(std::uint64_t every = 0) const {
    return {.journal = dir(), .key = {}, .size = {.cols = 80, .rows = 24}, .checkpoint_bytes = every};
  }
  void write(std::string_view bytes) {
    all_ += bytes;
    ASSERT_TRUE(writer_->append(journal::Kind::Output, bytes, clock_.now()));
  }
  void resize(TerminalSize size) {
    sizes_.emplace_back(all_.size(), size);
    ASSERT_TRUE(writer_->append(journal::Kind::Resize, journal::encode_resize(size), clock_.now()));
  }
  // The same by another way: everything from the first byte.
  [[nodiscard]] vt::Screen expected(std::size_t at) const {
    vt::Screen screen({.size = {.cols = 80, .rows = 24}});
    std::size_t done = 0;
    for (const auto& [offset, size] : sizes_) {
      if (offset > at) break;
      screen.feed(std::string_view(all_).substr(done, offset - done));
      done = offset;
      screen.resize(size);
    }
    screen.feed(std::string_view(all_).substr(done, at - done));
    (void)screen.take_replies();
    return screen;
  }

  os::ScratchDir scratch_;
  FakeClock clock_;
  std::optional<journal::Writer> writer_;
  std::string all_;
  std::vector<std::pair<std::size_t, TerminalSize>> sizes_;
};

TEST_F(ScreenAtTest, GivesUpWhenItIsNotWantedAnyMore) {
  write(std::string(10'000, 'x'));
  std::stop_source stop;
  auto from = source();
  from.stop = stop.get_token();
  EXPECT_TRUE(screen_at(from, std::nullopt));
  stop.request_stop();
  const auto screen = screen_at(from, std::nullopt);
  ASSERT_FALSE(screen);
  EXPECT_EQ(screen.error().code, Code::Cancelled);
}

// Ten full screens of E for thirty bytes: what is cheap to print can be dear to draw.
TEST_F(ScreenAtTest, WhatTakesTooLongIsGoneOnWithByTheNext) {
  resize({.cols = 200, .rows = 100});
  std::string dear;
  for (int i = 0; i < 2000; ++i) dear += "\x1b#8";
  write(dear);
  write("\x1b[2J\x1b[Hdone");
  auto from = source(1 << 30);
  from.budget = std::chrono::milliseconds{1};
  int rounds = 0;
  auto screen = screen_at(from, std::nullopt);
  for (; !screen && rounds < 100'000; ++rounds) {
    ASSERT_EQ(screen.error().code, Code::Timeout);
    screen = screen_at(from, std::nullopt);
  }
  ASSERT_TRUE(screen);
  EXPECT_GT(rounds, 0);
  EXPECT_EQ(vt::difference(screen->screen, expected(all_.size())), "");
}

TEST_F(ScreenAtTest, IsWhatAllOutputBeforeItLeaves) {
  std::mt19937_64 rng(testing::UnitTest::GetInstance()->random_seed());
  for (int line = 0; line < 400; ++line) {
    write("\x1b[3" + std::to_string(rng() % 8) + "mline " + std::to_string(line) + "\x1b[0m\r\n");
    if (line % 90 == 50) resize({.cols = static_cast<std::uint16_t>(30 + rng() % 60), .rows = static_cast<std::uint16_t>(5 + rng() % 20)});
    if (line == 300) write("\x1b[?1049h\x1b[2J\x1b[5;7Hfull screen \xe2\x82");  // in the middle of a character
  }
  for (const std::uint64_t every : {std::uint64_t{0}, std::uint64_t{700}, std::uint64_t{700}}) {  // then with what that left
    const auto now = screen_at(source(every), std::nullopt);
    ASSERT_TRUE(now) << now.error().describe();
    EXPECT_EQ(now->offset.value, all_.size());
    EXPECT_EQ(vt::difference(now->screen, expected(all_.size())), "");
    for (int i = 0; i < 40; ++i) {
      const std::size_t at = rng() % (all_.size() + 1);
      if (std::ranges::find(sizes_, at, &std::pair<std::size_t, TerminalSize>::first) != sizes_.end()) continue;  // before or after it
      const auto then = screen_at(source(), ByteOffset{at});
      ASSERT_TRUE(then) << then.error().describe();
      EXPECT_EQ(vt::difference(then->screen, expected(at)), "") << "at " << at << " of " << all_.size();
    }
  }
  const auto cheap = screen_at(source(), std::nullopt);
  EXPECT_LT(cheap->computed_bytes, 1500u) << "from the last checkpoint, not from the first byte";
}

TEST_F(ScreenAtTest, AfterTheEndIsRefusedWithTheEnd) {
  write("abc");
  const auto beyond = screen_at(source(), ByteOffset{4});
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::InvalidArgument);
  EXPECT_NE(beyond.error().message.find('3'), std::string::npos);
  EXPECT_EQ(screen_at({.journal = scratch_ / "none", .key = {}, .size = {}}, std::nullopt).error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::terminals
