#include "client/event_lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace berth::client {
namespace {

std::vector<std::string> events_of(std::string_view text, std::size_t piece, std::string* last_id = nullptr) {
  std::vector<std::string> out;
  EventLines lines;
  for (std::size_t at = 0; at < text.size(); at += piece)
    EXPECT_TRUE(lines.feed(text.substr(at, piece), [&](const ServerEvent& event) -> Result<> {
      out.push_back(event.type + "|" + event.data + "|" + lines.last_id());
      return {};
    }));
  if (last_id != nullptr) *last_id = lines.last_id();
  return out;
}

TEST(EventLines, AnySplitGivesTheSameEvents) {
  const std::string text = "id: 7\ndata: one\n\n: a comment\nid: 8\n\ndata:two\r\ndata: lines\r\n\r\nevent: gap\rid: 9\rdata\r\rid: 10\ndata: open";
  const std::vector<std::string> expected{"|one|7", "|two\nlines|8", "gap||9"};
  std::string last;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(events_of(text, piece, &last), expected) << piece;
  EXPECT_EQ(last, "9");
}

TEST(EventLines, WhatNeverEndsIsRefused) {
  EventLines lines;
  const auto none = [](const ServerEvent&) { return Result<>{}; };
  const auto fed = lines.feed("data: " + std::string(2 * EventLines::most_bytes, 'x'), none);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Code::TooLarge);
}

}  // namespace
}  // namespace berth::client
