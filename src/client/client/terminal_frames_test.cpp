#include "client/terminal_frames.hpp"

#include <gtest/gtest.h>

namespace berth::client {
namespace {

std::string output(char stream, std::uint64_t from, std::string_view bytes) {
  std::string out(1, stream);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(from >> shift);
  return out.append(bytes);
}

TEST(TerminalFrames, OutputHasStreamOffsetAndBytes) {
  std::string message = output(1, 0x0102030405060708u, "hello");
  auto frame = parse_output(message);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, OutputFrame::Kind::Output);
  EXPECT_EQ(frame->from.value, 0x0102030405060708u);
  EXPECT_EQ(frame->bytes, "hello");
  EXPECT_EQ(parse_output(output(2, 0, ""))->kind, OutputFrame::Kind::Error);
  EXPECT_EQ(parse_output(output(3, 7, "draws it"))->kind, OutputFrame::Kind::Screen);
}

TEST(TerminalFrames, WrongOutputIsRefused) {
  EXPECT_FALSE(parse_output(""));
  EXPECT_FALSE(parse_output(std::string_view("\1\0\0\0\0\0\0\0", 8)));
  EXPECT_FALSE(parse_output(output(4, 0, "x")));
  EXPECT_FALSE(parse_output(output(1, ~std::uint64_t{0}, "x"))) << "offset overflows";
}

TEST(TerminalFrames, Hello) {
  auto frame = parse_text(R"({"type":"hello","terminal":{"id":"trm_1"},"from":42})");
  ASSERT_TRUE(frame);
  const auto& hello = std::get<HelloFrame>(*frame);
  EXPECT_EQ(hello.from.value, 42u);
  EXPECT_EQ(hello.terminal.at("id").as_string(), "trm_1");
  EXPECT_TRUE(hello.writer) << "of a server that knows no seats";
  frame = parse_text(R"({"type":"hello","terminal":{},"from":1,"seat":"reader","live":9,"window":4096})");
  ASSERT_TRUE(frame);
  EXPECT_FALSE(std::get<HelloFrame>(*frame).writer);
  EXPECT_EQ(std::get<HelloFrame>(*frame).live.value, 9u);
  EXPECT_EQ(std::get<HelloFrame>(*frame).window_bytes, 4096u);
}

TEST(TerminalFrames, SkipAndSeat) {
  const auto skip = parse_text(R"({"type":"skip","from":4,"to":9,"reason":"slow","cols":80,"rows":24,"redraw":true})");
  ASSERT_TRUE(skip);
  EXPECT_EQ(std::get<SkipFrame>(*skip).to.value, 9u);
  EXPECT_TRUE(std::get<SkipFrame>(*skip).redraw);
  const auto seat = parse_text(R"({"type":"seat","seat":"writer","live":7,"reason":"freed"})");
  ASSERT_TRUE(seat);
  EXPECT_TRUE(std::get<SeatFrame>(*seat).writer);
  EXPECT_EQ(std::get<SeatFrame>(*seat).live.value, 7u);
  EXPECT_FALSE(parse_text(R"({"type":"skip","from":4})"));
  EXPECT_FALSE(parse_text(R"({"type":"seat","seat":"writer"})"));
}

TEST(TerminalFrames, ExitWithCodeOrSignal) {
  auto exited = parse_text(R"({"type":"exit","exit_code":7,"signal":null,"end":5,"reason":""})");
  ASSERT_TRUE(exited);
  EXPECT_EQ(std::get<ExitFrame>(*exited).exit_code, 7);
  EXPECT_FALSE(std::get<ExitFrame>(*exited).signal);
  auto killed = parse_text(R"({"type":"exit","signal":9,"end":5,"reason":"r"})");
  ASSERT_TRUE(killed);
  EXPECT_EQ(std::get<ExitFrame>(*killed).signal, 9);
  EXPECT_EQ(std::get<ExitFrame>(*killed).reason, "r");
}

TEST(TerminalFrames, UnknownTypesAreSkippedAndBrokenOnesRefused) {
  EXPECT_TRUE(std::holds_alternative<OtherFrame>(*parse_text(R"({"type":"pong"})")));
  EXPECT_TRUE(std::holds_alternative<OtherFrame>(*parse_text("{}")));
  EXPECT_EQ(std::get<RefusedFrame>(*parse_text(R"({"type":"error","code":"c","detail":"d"})")).detail, "d");
  for (const char* text : {"", "[]", "{", R"({"type":"hello"})", R"({"type":"hello","terminal":1,"from":0})",
                           R"({"type":"hello","terminal":{},"from":-1})", R"({"type":"exit","end":1.5})",
                           R"({"type":"exit","end":1,"exit_code":"x"})", R"({"type":"exit","end":1,"signal":1e99})"})
    EXPECT_FALSE(parse_text(text)) << text;
}

TEST(TerminalFrames, ClientFrames) {
  EXPECT_EQ(resize_frame({.cols = 120, .rows = 40}), R"({"type":"resize","cols":120,"rows":40})");
  EXPECT_EQ(signal_frame(15), R"({"type":"signal","signal":15})");
}

TEST(Position, EachByteOnceOverReconnects) {
  Position at(ByteOffset{10});
  EXPECT_EQ(*at.take({10}, "abc"), "abc");
  EXPECT_EQ(*at.take({11}, "bcde"), "de") << "overlap is cut";
  EXPECT_EQ(*at.take({10}, "abc"), "") << "a repeat is dropped";
  EXPECT_EQ(at.next()->value, 15u);
}

TEST(Position, OnlyAnAnnouncedGapIsPassedOver) {
  Position at(ByteOffset{10});
  ASSERT_TRUE(at.skip({10}, {20}));
  EXPECT_EQ(*at.take({20}, "x"), "x");
  ASSERT_TRUE(at.skip({15}, {30})) << "it overlaps what was seen";
  EXPECT_FALSE(at.skip({31}, {40})) << "bytes before it are missing";
  EXPECT_FALSE(at.skip({20}, {25})) << "back";
  EXPECT_FALSE(at.skip({40}, {20}));
  EXPECT_EQ(at.next()->value, 30u);
}

TEST(Position, AGapIsRefused) {
  Position at(ByteOffset{10});
  EXPECT_FALSE(at.take({11}, "x"));
  EXPECT_FALSE(at.begin({11}));
  EXPECT_EQ(at.next()->value, 10u);
}

TEST(Position, WithoutAWishTheServerSaysWhereItBegins) {
  Position at(std::nullopt);
  ASSERT_TRUE(at.begin({100}));
  EXPECT_EQ(at.next()->value, 100u);
  ASSERT_TRUE(at.begin({90})) << "an earlier begin on a later connection only repeats";
  EXPECT_EQ(*at.take({90}, "0123456789ab"), "ab");
}

}  // namespace
}  // namespace berth::client
