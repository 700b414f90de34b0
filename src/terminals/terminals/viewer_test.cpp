// Viewers of one terminal beside each other: flow control, seats, sizes, and who answers what programs ask.
#include <functional>

#include "journal/trim.hpp"
#include "terminals/terminal_fixture.hpp"
#include "vt/screen.hpp"

namespace berth::terminals {
namespace {

constexpr std::uint64_t window = 64 << 10, lag = 256 << 10;

// Takes what a viewer is given: the bytes in order, and everything else in words.
struct Taken {
  std::string bytes;
  ByteOffset next;
  std::vector<std::string> news;
  std::optional<Viewer::Skipped> skipped;
  bool acknowledges = true, ended = false;

  void operator()(Viewer&, Viewer::Chunk& chunk) {
    EXPECT_EQ(chunk.from.value, next.value);
    bytes += chunk.data;
    next = chunk.from + chunk.data.size();
  }
  void operator()(Viewer&, Viewer::Skipped& what) {
    EXPECT_EQ(what.from, next);
    next = what.to;
    news.push_back("skipped");
    skipped = std::move(what);
  }
  void operator()(Viewer&, Viewer::Seated& seat) {
    news.push_back((seat.writer ? "writer " : "reader ") + std::string(to_string(seat.why)));
  }
  void operator()(Viewer&, Viewer::Resized& size) {
    news.push_back(std::to_string(size.size.cols) + "x" + std::to_string(size.size.rows));
  }
  void operator()(Viewer&, Viewer::Ended&) { ended = true; }
};

class ViewerTest : public TerminalTest {
 protected:
  ViewerTest() {
    shared_->settings.viewer_window_bytes = window;
    shared_->settings.viewer_lag_bytes = lag;
    shared_->settings.recent_bytes = 128 << 10;
  }
  static awaitable<void> follow(std::shared_ptr<Viewer> viewer, Taken* taken) {
    while (!taken->ended) {
      auto item = co_await viewer->read();
      if (!item) {
        ADD_FAILURE() << item.error().describe();
        co_return;
      }
      std::visit([&](auto& what) { (*taken)(*viewer, what); }, *item);
      if (taken->acknowledges) EXPECT_TRUE(viewer->acknowledge(taken->next));
    }
  }
  std::shared_ptr<Viewer> attach(const std::shared_ptr<Terminal>& terminal, Taken& taken, Viewer::Options options, ByteOffset from = {}) {
    options.acknowledges = true;
    taken.next = from;
    auto viewer = std::make_shared<Viewer>(terminal, from, std::move(options));
    boost::asio::co_spawn(io_, follow(viewer, &taken), boost::asio::detached);
    poll();
    return viewer;
  }
  void poll() {
    io_.restart();
    io_.poll();
  }
  std::string flood(const std::shared_ptr<Terminal>& terminal, int lines) {
    std::string all;
    for (int i = 0; i < lines; ++i) {
      const std::string line = "line " + std::to_string(i) + std::string(1000, '.') + "\r\n";
      print(*terminal, line);
      all += line;
      if (i % 16 == 0) poll();
    }
    poll();
    return all;
  }
  std::string typed() const {
    std::string out;
    for (const auto& frame : outlet_->sent) out += frame.input().data();
    return out;
  }
  static Seats::Request person(std::string name) { return {.name = std::move(name)}; }
};

TEST_F(ViewerTest, ASlowOneIsMovedForwardAndDelaysNobody) {
  auto terminal = running("");
  Taken fast, slow;
  slow.acknowledges = false;
  const auto one = attach(terminal, fast, {.skips = true});
  const auto two = attach(terminal, slow, {.skips = true});
  const std::string all = flood(terminal, 1000);
  EXPECT_TRUE(fast.bytes == all) << "the fast one has every byte";
  EXPECT_EQ(slow.bytes.size(), window) << "no more than the window is under way";
  EXPECT_FALSE(slow.skipped) << "it takes nothing: it is sent nothing";
  slow.acknowledges = true;
  ASSERT_TRUE(two->acknowledge(slow.next));
  poll();
  ASSERT_TRUE(slow.skipped);
  EXPECT_EQ(slow.skipped->why, Viewer::Missed::Slow);
  EXPECT_EQ(slow.skipped->to, terminal->end());
  vt::Screen expected({.size = {}}), shown({.size = {}});
  expected.feed(all);
  shown.feed(slow.skipped->redraw);
  EXPECT_EQ(vt::difference(expected, shown), "");
  print(*terminal, "live");
  poll();
  EXPECT_TRUE(slow.bytes.ends_with("live"));
  EXPECT_FALSE(fast.skipped);
}

TEST_F(ViewerTest, OneThatWaitsGetsEveryByte) {
  auto terminal = running("");
  Taken slow;
  slow.acknowledges = false;
  const auto viewer = attach(terminal, slow, {});
  const std::string all = flood(terminal, 1000);
  EXPECT_EQ(slow.bytes.size(), window);
  slow.acknowledges = true;
  ASSERT_TRUE(viewer->acknowledge(slow.next));
  exit(*terminal, 0);
  poll();
  EXPECT_TRUE(slow.bytes == all);
  EXPECT_TRUE(slow.ended);
}

TEST_F(ViewerTest, WhatWasThereBeforeItCameIsNeverPassedOver) {
  auto terminal = running("");
  const std::string all = flood(terminal, 1000);
  Taken slow;
  slow.acknowledges = false;
  const auto viewer = attach(terminal, slow, {.skips = true});
  slow.acknowledges = true;
  ASSERT_TRUE(viewer->acknowledge(slow.next));
  poll();
  EXPECT_TRUE(slow.bytes == all);
}

TEST_F(ViewerTest, OneThatComesBackAfterLongBeginsWithTheScreen) {
  auto terminal = running("");
  flood(terminal, 1000);
  Taken back;
  Viewer::Options options{.skips = true};
  options.seat = {.name = "a", .wrote = true};
  const auto viewer = attach(terminal, back, options, ByteOffset{10});
  ASSERT_TRUE(back.skipped);
  EXPECT_EQ(back.skipped->from, ByteOffset{10});
  EXPECT_EQ(back.bytes, "");
}

TEST_F(ViewerTest, WhatALimitRemovedIsToldAndTheRestFollows) {
  auto terminal = running("");
  writer_.reset();
  auto small = journal::Writer::open(directory_ / row_.id.str(), {.segment_bytes = 64 << 10});
  ASSERT_TRUE(small) << small.error().describe();
  writer_.emplace(*std::move(small));
  Taken waiting, skipping;
  waiting.acknowledges = skipping.acknowledges = false;
  const auto one = attach(terminal, waiting, {});
  const auto two = attach(terminal, skipping, {.skips = true});
  const std::string all = flood(terminal, 1000);
  const auto trimmed = journal::trim(directory_ / row_.id.str(), 300 << 10);
  ASSERT_TRUE(trimmed && trimmed->begin > waiting.next);
  waiting.acknowledges = skipping.acknowledges = true;
  ASSERT_TRUE(one->acknowledge(waiting.next));
  ASSERT_TRUE(two->acknowledge(skipping.next));
  poll();
  ASSERT_TRUE(waiting.skipped && skipping.skipped);
  EXPECT_EQ(waiting.skipped->why, Viewer::Missed::Removed);
  EXPECT_EQ(waiting.skipped->to, trimmed->begin);
  EXPECT_EQ(waiting.skipped->redraw, "") << "it wants bytes";
  EXPECT_TRUE(waiting.bytes == all.substr(0, window) + all.substr(trimmed->begin.value));
  EXPECT_EQ(skipping.skipped->to, terminal->end());
  EXPECT_NE(skipping.skipped->redraw, "");
}

TEST_F(ViewerTest, AnAcknowledgementOfTheFutureIsRefused) {
  auto terminal = running("");
  Taken taken;
  const auto viewer = attach(terminal, taken, {});
  EXPECT_EQ(viewer->acknowledge({1}).error().code, Code::InvalidArgument);
  EXPECT_TRUE(viewer->acknowledge({0}));
}

TEST_F(ViewerTest, OneTypesAndTheOtherIsToldWhenThatChanges) {
  auto terminal = running("");
  Taken first, second, third;
  auto one = attach(terminal, first, {.seat = person("a")});
  auto two = attach(terminal, second, {.seat = person("b")});
  auto reader = attach(terminal, third, {});
  EXPECT_TRUE(one->writer());
  EXPECT_TRUE(one->may_type());
  EXPECT_EQ(two->may_type().error().code, Code::FailedPrecondition);
  EXPECT_EQ(reader->may_type().error().code, Code::PermissionDenied);
  EXPECT_EQ(reader->take_over().error().code, Code::PermissionDenied);
  ASSERT_TRUE(two->take_over());
  poll();
  EXPECT_EQ(first.news, std::vector<std::string>{"reader taken_over"});
  EXPECT_EQ(second.news, std::vector<std::string>{"writer taken_over"});
  EXPECT_TRUE(third.news.empty());
}

TEST_F(ViewerTest, TheWritersWindowIsTheTerminals) {
  auto terminal = running("");
  Taken first, second;
  auto one = attach(terminal, first, {.seat = person("a")});
  auto two = attach(terminal, second, {.seat = person("b")});
  two->say_size({20, 5});
  one->say_size({100, 30});
  poll();
  EXPECT_EQ(terminal->row().size, (TerminalSize{100, 30})) << "a narrow reader changes nothing";
  EXPECT_EQ(second.news, std::vector<std::string>{"100x30"});
  ASSERT_TRUE(two->take_over());
  poll();
  EXPECT_EQ(terminal->row().size, (TerminalSize{20, 5}));
}

TEST_F(ViewerTest, WhoDragsAnEdgeMakesTwoSizesNotAHundred) {
  shared_->settings.resize_pause = std::chrono::milliseconds{30};
  auto terminal = running("");
  Taken taken;
  auto viewer = attach(terminal, taken, {.seat = person("a")});
  outlet_->sent.clear();
  for (std::uint16_t cols = 20; cols <= 120; ++cols) {
    viewer->say_size({cols, 30});
    poll();
  }
  while (terminal->row().size != TerminalSize{120, 30}) {
    io_.restart();
    ASSERT_GT(io_.run_one(), 0u);
  }
  EXPECT_LT(std::ranges::count_if(outlet_->sent, &wire::ToShim::has_resize), 50) << "a machine that sleeps makes a few more";
}

TEST_F(ViewerTest, NobodyThereTheServerAnswersOnce) {
  auto terminal = running("");
  print(*terminal, "\x1b[3;7H\x1b[");
  poll();
  EXPECT_EQ(typed(), "");
  print(*terminal, "6n");
  poll();
  EXPECT_EQ(typed(), "\x1b[3;7R");
  print(*terminal, "more\x1b[6n");
  poll();
  EXPECT_EQ(typed(), "\x1b[3;7R\x1b[3;11R");
}

TEST_F(ViewerTest, LostFramesAreAnsweredToo) {
  auto terminal = running("");
  print(*terminal, "a");
  print(*terminal, "\x1b[5n", true);
  print(*terminal, "b");
  poll();
  EXPECT_EQ(typed(), "\x1b[0n");
}

TEST_F(ViewerTest, TheWritersTerminalAnswersInThePlaceOfTheServer) {
  auto terminal = running("");
  print(*terminal, "\x1b[5n");
  poll();
  Taken taken, reading;
  auto viewer = attach(terminal, taken, {.answers = true, .seat = person("a")});
  EXPECT_EQ(viewer->live(), terminal->end()) << "what came before is answered: its terminal must not";
  auto reader = attach(terminal, reading, {.answers = true, .seat = person("b")});
  print(*terminal, "\x1b[5n");
  poll();
  EXPECT_EQ(typed(), "\x1b[0n") << "the second one is the viewer's";
  taken.ended = true;
}

TEST_F(ViewerTest, AWriterThatIsNoTerminalLeavesAnsweringToTheServer) {
  auto terminal = running("");
  Taken taken;
  auto viewer = attach(terminal, taken, {.seat = person("a")});
  print(*terminal, "\x1b[c");
  poll();
  EXPECT_EQ(typed(), "\x1b[?62;22c");
}

TEST_F(ViewerTest, AProgramThatAsksWithoutEndAndReadsNothingCostsAFixedAmount) {
  auto terminal = running("");
  std::string questions;
  for (int i = 0; i < 10'000; ++i) questions += "\x1b[5n";
  for (int i = 0; i < 20; ++i) print(*terminal, questions);
  poll();
  EXPECT_LE(typed().size(), wire::input_window_bytes + 2 * Answers::most_pending_bytes);
}

}  // namespace
}  // namespace berth::terminals
