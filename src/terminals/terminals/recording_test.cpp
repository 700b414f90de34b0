#include "terminals/recording.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/clock.hpp"
#include "journal/checkpoints.hpp"
#include "journal/cursor.hpp"
#include "journal/position.hpp"
#include "journal/writer.hpp"
#include "os/scratch_dir.hpp"
#include "vt/cast.hpp"
#include "vt/screen.hpp"

namespace berth::terminals {
namespace {

using journal::Kind;

class RecordingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<std::byte, 16> bits{std::byte{7}};
    auto made = journal::Writer::create(dir(), TerminalId::from_bits(bits), {.segment_bytes = 64 << 10}, clock_.now());
    ASSERT_TRUE(made) << made.error().describe();
    writer_ = *std::move(made);
    put(Kind::Resize, journal::encode_resize({40, 10}));
  }
  [[nodiscard]] std::filesystem::path dir() const { return scratch_ / "journal"; }
  void put(Kind kind, std::string_view payload, std::chrono::milliseconds later = std::chrono::milliseconds{0}) {
    clock_.advance(later);
    if (kind == Kind::Output) all_ += payload;
    ASSERT_TRUE(writer_->append(kind, payload, clock_.now()));
  }
  [[nodiscard]] RecordingSource source(RecordingForm form, std::optional<ByteOffset> from = {}, std::optional<ByteOffset> to = {}) const {
    return {.screen = {.journal = dir(), .key = {}, .size = {80, 24}}, .form = form, .from = from, .to = to};
  }
  [[nodiscard]] static std::string read(const RecordingSource& source) {
    auto recording = Recording::open(source);
    if (!recording) return "error: " + recording.error().message;
    std::string out;
    for (;;) {
      auto piece = (*recording)->next();
      if (!piece) return "error: " + piece.error().message;
      if (!*piece) return out;
      EXPECT_LT((*piece)->size(), Recording::piece_bytes + (2u << 20));
      out += **piece;
    }
  }
  struct Played {
    vt::CastHeader header;
    std::vector<vt::CastEvent> events;
    std::string output;
    vt::Screen screen;
  };
  static Played play(const std::string& cast) {
    Played out{.screen = vt::Screen({.size = {80, 24}})};
    vt::CastReader reader;
    const auto sink = [&](const vt::CastEvent& event) {
      if (out.events.empty()) out.screen.resize(reader.header()->size);
      out.events.push_back(event);
      if (event.kind == vt::CastEvent::Kind::Output) {
        out.output += event.text;
        out.screen.feed(event.text);
      }
      if (event.kind == vt::CastEvent::Kind::Resize) out.screen.resize(event.size);
    };
    auto done = reader.feed(cast, sink);
    if (done) done = reader.finish(sink);
    EXPECT_TRUE(done) << done.error().message << '\n' << cast;
    out.header = *reader.header();
    (void)out.screen.take_replies();
    return out;
  }

  os::ScratchDir scratch_;
  FakeClock clock_;
  std::optional<journal::Writer> writer_;
  std::string all_;
};

using namespace std::chrono_literals;

TEST_F(RecordingTest, ACastHasOutputInTimeResizesNotesCommandsAndTheEnd) {
  put(Kind::Output, "$ \x1b]633;E;make all;NONCE\a\x1b]133;C;nonce=NONCE\a" "buil", 500ms);
  put(Kind::Output, "ding \xe2\x82", 250ms);
  put(Kind::Resize, journal::encode_resize({50, 12}), 250ms);
  put(Kind::Output, "\xac\r\n\x1b]133;D;0;nonce=NONCE\a", 1000ms);
  put(Kind::Note, "something was lost");
  put(Kind::Exit, journal::encode_exit({.code = 0, .signal = 9}), 1000ms);
  auto wanted = source(RecordingForm::Cast3);
  wanted.nonce = "NONCE";
  wanted.command = "bash";
  const auto played = play(read(wanted));
  EXPECT_EQ(played.header.size, (TerminalSize{40, 10}));
  EXPECT_EQ(played.header.command, "bash");
  EXPECT_EQ(played.header.timestamp, 1'700'000'000);
  EXPECT_EQ(played.output, all_) << "the euro sign that two pieces share is whole";
  std::vector<std::string> what;
  for (const auto& event : played.events)
    what.push_back(std::to_string(event.time.count() / 1000) + " " + "oirmx"[static_cast<int>(event.kind)] +
                   (event.kind == vt::CastEvent::Kind::Marker ? " " + event.text : event.kind == vt::CastEvent::Kind::Exit ? " " + std::to_string(event.status) : ""));
  EXPECT_EQ(what, (std::vector<std::string>{"500 o", "500 m make all", "500 o", "750 o", "1000 r", "2000 o", "2000 m something was lost", "3000 x 137"}));
  wanted.form = RecordingForm::Cast2;
  EXPECT_EQ(play(read(wanted)).output, all_);
}

TEST_F(RecordingTest, WhatWasTypedIsInACastWhenItIsAskedFor) {
  put(Kind::Output, "name: ");
  put(Kind::Input, "ann\n", 500ms);
  put(Kind::Output, "ann\r\n");
  for (const auto form : {RecordingForm::Cast2, RecordingForm::Cast3}) {
    auto wanted = source(form);
    EXPECT_EQ(read(wanted).find("\"i\""), std::string::npos);
    wanted.input = true;
    const auto played = play(read(wanted));
    EXPECT_EQ(played.output, all_);
    ASSERT_EQ(played.events.size(), 3u);
    EXPECT_EQ(played.events[1], (vt::CastEvent{.kind = vt::CastEvent::Kind::Input, .time = 500ms, .text = "ann\n", .size = played.events[1].size}));
    wanted.from = ByteOffset{6};
    EXPECT_EQ(play(read(wanted)).events.size(), 3u) << "a redraw, what stands exactly there, and what follows";
  }
  for (const auto form : {RecordingForm::Raw, RecordingForm::Text, RecordingForm::Html}) {
    auto wanted = source(form);
    const auto without = read(wanted);
    wanted.input = true;
    EXPECT_EQ(read(wanted), without) << "only a cast has room for it";
  }
}

TEST_F(RecordingTest, APartBeginsWithTheScreenThereAndEndsWithTheScreenAtItsEnd) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  std::mt19937_64 rng(static_cast<std::uint64_t>(seed));
  for (int line = 0; line < 300; ++line) {
    put(Kind::Output, "\x1b[3" + std::to_string(rng() % 8) + "mline é " + std::to_string(line) + "\x1b[0m\r\n", 10ms);
    if (line % 70 == 50) put(Kind::Resize, journal::encode_resize({static_cast<std::uint16_t>(30 + rng() % 60), static_cast<std::uint16_t>(5 + rng() % 20)}));
    if (line == 200) put(Kind::Output, "\x1b[?1049h\x1b[2J\x1b[5;7Hfull screen");
  }
  for (int round = 0; round < 40; ++round) {
    const ByteOffset from{1 + rng() % (all_.size() - 1)}, to{from.value + rng() % (all_.size() - from.value)};
    const auto expected = screen_at({.journal = dir(), .key = {}, .size = {80, 24}}, to);
    ASSERT_TRUE(expected);
    for (const auto form : {RecordingForm::Cast2, RecordingForm::Cast3}) {
      auto played = play(read(source(form, from, to)));
      // A resize that stands exactly at the end is part of the recording and comes after the last byte.
      vt::Screen there = vt::load(vt::save(expected->screen)).value();
      there.resize(played.screen.size());
      if (all_[to.value] == '\xa9') continue;  // half a character at the end is U+FFFD in a cast
      EXPECT_EQ(vt::text(played.screen), vt::text(there)) << "seed " << seed << " from " << from.value << " to " << to.value;
    }
    const std::string raw = read(source(RecordingForm::Raw, from, to));
    EXPECT_TRUE(raw.ends_with(all_.substr(from.value, to.value - from.value)));
    EXPECT_TRUE(raw.starts_with("\x1b" "c"));
  }
}

TEST_F(RecordingTest, RawIsEveryByteAndTextIsWhatAPersonReads) {
  put(Kind::Output, "\x1b[1mbold\x1b[0m and \xff\r\nnext\r\nlast");
  EXPECT_EQ(read(source(RecordingForm::Raw)), all_);
  EXPECT_EQ(read(source(RecordingForm::Text)), "bold and \uFFFD\nnext\nlast\n");
  EXPECT_EQ(read(source(RecordingForm::Text, ByteOffset{}, ByteOffset{})), "");
}

TEST_F(RecordingTest, APageHasTheLastLinesAndSaysWhatItLacks) {
  for (int line = 0; line < 500; ++line) put(Kind::Output, "line " + std::to_string(line) + "<\r\n");
  auto wanted = source(RecordingForm::Html);
  wanted.html_lines = 100;
  wanted.command = "seq 500";
  const std::string page = read(wanted);
  EXPECT_NE(page.find("line 499&lt;\n"), std::string::npos);
  EXPECT_EQ(page.find("line 300&lt;\n"), std::string::npos);
  EXPECT_NE(page.find("<title>seq 500</title>"), std::string::npos);
  EXPECT_NE(page.find("Not all of the output"), std::string::npos);
  wanted.html_lines = 1000;
  EXPECT_EQ(read(wanted).find("Not all of the output"), std::string::npos);
}

TEST_F(RecordingTest, PipesGetTheReturnsThatATerminalWouldMake) {
  put(Kind::Output, "one\ntwo\n");
  put(Kind::Error, "three\n");
  auto wanted = source(RecordingForm::Cast2);
  wanted.pipes = true;
  EXPECT_EQ(play(read(wanted)).output, "one\r\ntwo\r\nthree\r\n");
}

TEST_F(RecordingTest, WhatIsNotKeptIsRefusedWithTheRange) {
  put(Kind::Output, "0123456789");
  EXPECT_EQ(read(source(RecordingForm::Cast2, ByteOffset{11})), "error: This is no part of the output of which 0 to 10 is kept.");
  EXPECT_EQ(read(source(RecordingForm::Text, ByteOffset{5}, ByteOffset{4})).substr(0, 6), "error:");
  EXPECT_EQ(read(source(RecordingForm::Raw, {}, ByteOffset{99})).substr(0, 6), "error:");
}

}  // namespace
}  // namespace berth::terminals
