#include "vt/cast.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "vt/random_stream.hpp"

namespace berth::vt {
namespace {

using std::chrono::microseconds;

struct Read {
  Result<> outcome;
  std::optional<CastHeader> header;
  std::vector<CastEvent> events;
};

Read read(std::string_view file, std::size_t piece = std::string::npos) {
  Read out;
  CastReader reader;
  const auto sink = [&out](const CastEvent& event) { out.events.push_back(event); };
  for (std::size_t at = 0; out.outcome && at < file.size(); at += std::min(piece, file.size()))
    out.outcome = reader.feed(file.substr(at, piece), sink);
  if (out.outcome) out.outcome = reader.finish(sink);
  out.header = reader.header();
  return out;
}

std::string message(const Read& read) { return read.outcome ? "no error" : read.outcome.error().message; }

std::string text_of(const Read& read) {
  std::string out;
  for (const CastEvent& event : read.events)
    if (event.kind == CastEvent::Kind::Output) out += event.text;
  return out;
}

constexpr std::string_view v2 = "{\"version\": 2, \"width\": 80, \"height\": 24}\n";
constexpr std::string_view v3 = "{\"version\": 3, \"term\": {\"cols\": 80, \"rows\": 24}}\n";

TEST(Cast, IsWrittenAsTheFormatSays) {
  std::string two, three;
  const CastHeader header{.size = {100, 30}, .timestamp = 1'700'000'000, .title = "a \"b\"", .command = "sh", .term = "xterm",
                          .idle_time_limit = 1.5};
  for (auto* out : {&two, &three}) {
    CastWriter writer(out == &two ? 2 : 3);
    writer.begin(header, *out);
    writer.output(microseconds{1'500'000}, "hi\r\n\x1b[1m\x7f", *out);
    writer.resize(microseconds{2'000'001}, {120, 40}, *out);
    writer.marker(microseconds{2'000'001}, "make", *out);
    writer.exit(microseconds{3'000'000}, 7, *out);
    writer.finish(*out);
  }
  EXPECT_EQ(two,
            "{\"version\":2,\"width\":100,\"height\":30,\"env\":{\"TERM\":\"xterm\"},\"timestamp\":1700000000,"
            "\"idle_time_limit\":1.500000,\"command\":\"sh\",\"title\":\"a \\\"b\\\"\"}\n"
            "[1.500000,\"o\",\"hi\\r\\n\\u001b[1m\\u007f\"]\n[2.000001,\"r\",\"120x40\"]\n[2.000001,\"m\",\"make\"]\n");
  EXPECT_EQ(three,
            "{\"version\":3,\"term\":{\"cols\":100,\"rows\":30,\"type\":\"xterm\"},\"timestamp\":1700000000,"
            "\"idle_time_limit\":1.500000,\"command\":\"sh\",\"title\":\"a \\\"b\\\"\"}\n"
            "[1.500000,\"o\",\"hi\\r\\n\\u001b[1m\\u007f\"]\n[0.500001,\"r\",\"120x40\"]\n[0.000000,\"m\",\"make\"]\n"
            "[0.999999,\"x\",\"7\"]\n");
}

TEST(Cast, ReadsWhatOtherRecordersWrite) {
  const Read three = read(
      "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24,\"type\":\"xterm-256color\",\"theme\":{\"fg\":\"#ffffff\",\"palette\":\"#000\"}},"
      "\"timestamp\":1741004521,\"env\":{\"SHELL\":\"/bin/fish\"},\"tags\":[\"a\",{\"b\":[null,true]}]}\n"
      "# a comment\n\n[0.25, \"o\", \"caf\\u00e9 \\ud83d\\ude00\"]\r\n[1, \"r\", \"100x50\"]\n[0.5, \"z\", {\"later\": 1}]\n"
      "[0.25,\"m\",\"\"]\n[1e0,\"i\",\"q\"]\n[0, \"x\", \"130\"]");
  ASSERT_TRUE(three.outcome) << message(three);
  EXPECT_EQ(three.header->term, "xterm-256color");
  EXPECT_EQ(three.header->timestamp, 1741004521);
  ASSERT_EQ(three.events.size(), 5u);
  EXPECT_EQ(three.events[0].text, "café 😀");
  EXPECT_EQ(three.events[1].size, (TerminalSize{100, 50}));
  EXPECT_EQ(three.events[2].time, microseconds{2'000'000}) << "an event that is passed over counts with its time";
  EXPECT_EQ(three.events[4].status, 130);
  const Read two = read("{\"version\": 2, \"width\": 80, \"height\": 24, \"env\": {\"TERM\": \"screen\"}, \"theme\": null}\n"
                        "[1.0, \"o\", \"a\"]\n[0.9, \"o\", \"b\"]\n[2.0, \"x\", \"0\"]\n");
  ASSERT_TRUE(two.outcome) << message(two);
  EXPECT_EQ(two.header->term, "screen");
  ASSERT_EQ(two.events.size(), 2u) << "version 2 has no exit";
  EXPECT_EQ(two.events[1].time, microseconds{1'000'000}) << "a time that goes back a little is the one before";
}

TEST(Cast, OutputIsUtf8WhereverItIsSplit) {
  const std::string bytes = "é€😀\xff|\xc3|\xe2\x82|\xed\xa0\x80|\xf0\x9f\x98";
  const std::string same = "é€😀\uFFFD|\uFFFD|\uFFFD|\uFFFD\uFFFD\uFFFD|\uFFFD";
  for (std::size_t one = 0; one <= bytes.size(); ++one)
    for (std::size_t two = one; two <= bytes.size(); ++two) {
      std::string out;
      CastWriter writer(2);
      writer.begin({}, out);
      writer.output(microseconds{1}, std::string_view(bytes).substr(0, one), out);
      writer.resize(microseconds{2}, {80, 25}, out);
      writer.output(microseconds{3}, std::string_view(bytes).substr(one, two - one), out);
      writer.output(microseconds{4}, std::string_view(bytes).substr(two), out);
      writer.finish(out);
      const Read back = read(out);
      ASSERT_TRUE(back.outcome) << message(back);
      ASSERT_EQ(text_of(back), same) << one << ' ' << two;
    }
}

TEST(Cast, AKeyInTheMiddleOfACharacterOfOutputIsNoPartOfIt) {
  for (const int version : {2, 3}) {
    std::string out;
    CastWriter writer(version);
    writer.begin({}, out);
    writer.output(microseconds{1}, "\xe2\x82", out);
    writer.input(microseconds{2}, "\xc3", out);
    writer.output(microseconds{3}, "\xac", out);
    writer.input(microseconds{4}, "\xa9\r", out);
    writer.input(microseconds{5}, "\xf0", out);
    writer.finish(out);
    const Read back = read(out);
    ASSERT_TRUE(back.outcome) << message(back);
    std::vector<std::string> what;
    for (const auto& event : back.events) what.push_back((event.kind == CastEvent::Kind::Input ? "i " : "o ") + event.text);
    EXPECT_EQ(what, (std::vector<std::string>{"o €", "i é\r", "i \uFFFD"})) << out;
  }
}

TEST(Cast, WhatIsWrittenIsReadTheSame) {
  const char* given = std::getenv("BERTH_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : static_cast<unsigned long long>(std::time(nullptr));
  SCOPED_TRACE("BERTH_SEED=" + std::to_string(seed));
  RandomStream random(seed);
  for (int round = 0; round < 300; ++round) {
    const int version = round % 2 == 0 ? 2 : 3;
    CastHeader header{.version = version, .size = {static_cast<std::uint16_t>(1 + random.below(1000)), static_cast<std::uint16_t>(1 + random.below(1000))}};
    if (random.below(2) == 0) header.timestamp = random.below(2'000'000'000);
    if (random.below(2) == 0) header.title = "t\u00e9\n\"" + random.number();
    std::vector<CastEvent> events;
    std::string out;
    CastWriter writer(version);
    writer.begin(header, out);
    microseconds time{};
    for (std::uint32_t i = random.below(20); i > 0; --i) {
      time += microseconds{random.below(3) == 0 ? random.below(1'000'000'000) : random.below(100)};
      CastEvent event{.time = time};
      switch (random.below(5)) {
        case 0: event.kind = CastEvent::Kind::Resize; event.size = {static_cast<std::uint16_t>(1 + random.below(999)), 5}; writer.resize(time, event.size, out); break;
        case 1: event.kind = CastEvent::Kind::Marker; event.text = "m " + random.number(); writer.marker(time, event.text, out); break;
        case 2: event.kind = CastEvent::Kind::Input; event.text = "i\u00e9" + random.number(); writer.input(time, event.text, out); break;
        default: for_each_code(random.make(4), [&](char32_t code) { append_utf8(event.text, code); }); writer.output(time, event.text, out); if (event.text.empty()) continue;
      }
      events.push_back(event);
    }
    writer.finish(out);
    const Read back = read(out, 1 + random.below(200));
    ASSERT_TRUE(back.outcome) << message(back) << '\n' << out;
    ASSERT_EQ(*back.header, header) << out;
    ASSERT_EQ(back.events, events) << out;
  }
}

TEST(Cast, WhatIsDamagedIsRefusedWithItsLine) {
  struct Case { std::string file, says; };
  const std::string two(v2), three(v3);
  for (const auto& [file, says] : std::vector<Case>{
           {"", "is empty"},
           {"\n\n", "is empty"},
           {"hello\n", "Line 1 of the recording is not the header"},
           {"[]", "Line 1"},
           {"{\"version\": 2, \"width\": 80, \"height\": 24", "Line 1"},
           {"{\"version\": 1, \"width\": 80, \"height\": 24, \"stdout\": []}", "another version"},
           {"{\"version\": 4}", "another version"},
           {"{\"version\": 2, \"width\": 10000, \"height\": 24}", "no size"},
           {"{\"version\": 2, \"width\": 0, \"height\": 24}", "no size"},
           {"{\"version\": 2, \"width\": 1e300, \"height\": 24}", "no size"},
           {"{\"version\": 2, \"width\": 80.5, \"height\": 24}", "no size"},
           {"{\"version\": 3, \"term\": 5}", "no size"},
           {"{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": -1}", "time outside"},
           {"{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": 1e30}", "time outside"},
           {"{\"version\": 2, \"width\": 80, \"height\": 24, \"idle_time_limit\": -2}", "idle time"},
           {two + "[1.0, \"o\", \"a\"]\n[1.0, \"o\"]\n", "Line 3 of the recording is not an event"},
           {two + "[-1, \"o\", \"a\"]\n", "Line 2 of the recording has a negative time"},
           {two + "[1e18, \"o\", \"a\"]\n", "ten years"},
           {two + "[1e999, \"o\", \"a\"]\n", "Line 2"},
           {two + "[nan, \"o\", \"a\"]\n", "Line 2"},
           {two + "[1, \"o\", \"a]\n", "Line 2"},
           {two + "[1, \"o\", \"a\"] more\n", "Line 2"},
           {two + "[1, \"o\", \"\\x\"]\n", "Line 2"},
           {two + "[1, \"o\", \"\\u12\"]\n", "Line 2"},
           {two + "[1, \"r\", \"80\"]\n", "no size"},
           {two + "[1, \"r\", \"99999x24\"]\n", "no size"},
           {two + "# no comment here\n", "comment"},
           {three + "[3e8, \"o\", \"a\"]\n[3e8, \"o\", \"a\"]\n", "Line 3 of the recording has a time of more than ten years"},
           {three + "[1, \"x\", \"soon\"]\n", "no exit status"},
           {three + "[1, \"z\", " + std::string(1000, '[') + "]\n", "Line 2"},
       }) {
    const Read back = read(file, 7);
    EXPECT_FALSE(back.outcome) << file;
    EXPECT_NE(message(back).find(says), std::string::npos) << file << "\n→ " << message(back);
  }
}

TEST(Cast, ALineWithoutEndIsRefusedInBoundedMemory) {
  CastReader reader;
  const auto sink = [](const CastEvent&) {};
  ASSERT_TRUE(reader.feed(v3, sink));
  const std::string piece(1 << 20, 'a');
  Result<> outcome;
  for (int i = 0; i < 64 && outcome; ++i) outcome = reader.feed(piece, sink);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::TooLarge);
  EXPECT_NE(outcome.error().message.find("Line 2"), std::string::npos) << outcome.error().message;
  EXPECT_FALSE(reader.feed("\n", sink)) << "the first error is for good";
}

}  // namespace
}  // namespace berth::vt
