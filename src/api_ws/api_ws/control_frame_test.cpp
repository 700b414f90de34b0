#include "api_ws/control_frame.hpp"

#include <gtest/gtest.h>

namespace berth::api_ws {
namespace {

TEST(ControlFrame, EachTypeIsRead) {
  EXPECT_EQ(std::get<Resize>(*parse_control_frame(R"({"type":"resize","cols":132,"rows":50})")).size, (TerminalSize{132, 50}));
  EXPECT_EQ(std::get<Signal>(*parse_control_frame(R"({"signal":9,"type":"signal"})")).number, 9);
  EXPECT_TRUE(std::holds_alternative<CloseInput>(*parse_control_frame(R"({"type":"close_input"})")));
  EXPECT_EQ(std::get<Acknowledge>(*parse_control_frame(R"({"type":"ack","offset":18446744073709551615})")).taken.value, ~std::uint64_t{0});
  EXPECT_EQ(std::get<Acknowledge>(*parse_control_frame(R"({"type":"ack","offset":0})")).taken.value, 0u);
  EXPECT_TRUE(std::holds_alternative<TakeOver>(*parse_control_frame(R"({"type":"take_over"})")));
  EXPECT_TRUE(std::holds_alternative<Ping>(*parse_control_frame(R"( {"type":"ping"} )")));
}

TEST(ControlFrame, WrongOnesAreRefusedWithASentence) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("\"ping\""), std::string("{}"), std::string(R"({"type":7})"),
        std::string(R"({"type":"nothing"})"), std::string(R"({"type":"ping","more":1})"), std::string(R"({"type":"resize"})"),
        std::string(R"({"type":"resize","cols":0,"rows":1})"), std::string(R"({"type":"resize","cols":65536,"rows":1})"),
        std::string(R"({"type":"resize","cols":80.0,"rows":1})"), std::string(R"({"type":"resize","cols":"80","rows":1})"),
        std::string(R"({"type":"signal","signal":0})"), std::string(R"({"type":"signal","signal":65})"),
        std::string(R"({"type":"signal","signal":-9})"), std::string(R"({"type":"signal","signal":"KILL"})"), std::string(R"({"type":"ack"})"), std::string(R"({"type":"ack","offset":-1})"),
        std::string(R"({"type":"ack","offset":1.5})"), std::string(R"({"type":"take_over","from":"you"})"), std::string(60'000, '['),
        std::string("{\"type\":\"\xFF\"}")}) {
    const auto frame = parse_control_frame(text);
    ASSERT_FALSE(frame) << text.substr(0, 80);
    EXPECT_EQ(frame.error().code, Code::InvalidArgument);
    EXPECT_FALSE(frame.error().message.empty());
  }
}

TEST(ControlFrame, FramesToTheClientSayWhatTheyMust) {
  EXPECT_EQ(hello_frame("{\"id\":1}", {7}, {.seat = control::Seat::Writer, .live = {9}, .window_bytes = 64, .drawn = true}),
            R"({"type":"hello","terminal":{"id":1},"from":7,"seat":"writer","live":9,"window":64,"screen":true})");
  EXPECT_EQ(screen_frame({.at = {7}, .size = {80, 24}, .redraw = "x"}), R"({"type":"screen","offset":7,"cols":80,"rows":24})");
  using Attachment = control::Attachment;
  EXPECT_EQ(skip_frame({.from = {1}, .to = {9}, .why = Attachment::Missed::Slow, .size = {80, 24}, .redraw = "x"}),
            R"({"type":"skip","from":1,"to":9,"reason":"slow","cols":80,"rows":24,"redraw":true})");
  EXPECT_EQ(skip_frame({.from = {1}, .to = {9}, .why = Attachment::Missed::Removed, .size = {80, 24}, .redraw = {}}),
            R"({"type":"skip","from":1,"to":9,"reason":"removed","cols":80,"rows":24,"redraw":false})");
  EXPECT_EQ(seat_frame({.seat = control::Seat::Reader, .live = {4}, .why = "taken_over"}),
            R"({"type":"seat","seat":"reader","live":4,"reason":"taken_over"})");
  EXPECT_EQ(size_frame({100, 30}), R"({"type":"size","cols":100,"rows":30})");
  EXPECT_EQ(exit_frame(Exited{3}, {9}, ""), R"({"type":"exit","exit_code":3,"signal":null,"end":9,"reason":""})");
  EXPECT_EQ(exit_frame(Killed{15}, {9}, "x"), R"({"type":"exit","exit_code":null,"signal":15,"end":9,"reason":"x"})");
  EXPECT_EQ(exit_frame(std::nullopt, {0}, "gone"), R"({"type":"exit","exit_code":null,"signal":null,"end":0,"reason":"gone"})");
  EXPECT_EQ(error_frame(Code::InvalidArgument, "a \"b\""), R"({"type":"error","code":"invalid_argument","detail":"a \"b\""})");
}

}  // namespace
}  // namespace berth::api_ws
