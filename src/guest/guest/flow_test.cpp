#include "guest/flow.hpp"

#include <gtest/gtest.h>

#include "wire/frame.hpp"

namespace berth::guest {
namespace {

constexpr std::uint64_t window = wire::window_bytes;

TEST(OutputFlow, HasRoomOnlyWithinItsGrant) {
  OutputFlow flow;
  EXPECT_EQ(flow.room(), 0u);
  flow.grant(10);
  EXPECT_EQ(flow.record(Source::Output, "1234"), 0u);
  EXPECT_EQ(flow.record(Source::Error, "567"), 0u);
  EXPECT_EQ(flow.record(Source::Output, "89"), 4u);
  EXPECT_EQ(flow.room(), 1u);
  flow.grant(5);  // old news
  EXPECT_EQ(flow.room(), 1u);
}

TEST(OutputFlow, ResendsWhatTheOtherSideLacks) {
  OutputFlow flow;
  flow.grant(window);
  flow.record(Source::Output, "abcdef");
  flow.record(Source::Error, "XYZ");
  flow.record(Source::Output, "ghi");
  auto pieces = flow.resend(4, 1);
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 3u);
  EXPECT_EQ((*pieces)[0].data, "ef");
  EXPECT_EQ((*pieces)[0].offset, 4u);
  EXPECT_EQ((*pieces)[1].data, "YZ");
  EXPECT_EQ((*pieces)[2].data, "ghi");
  EXPECT_TRUE(flow.resend(9, 3)->empty());
  EXPECT_FALSE(flow.resend(10, 3)) << "never sent";
}

TEST(OutputFlow, ForgetsWhatIsAcknowledgedAndNoMore) {
  OutputFlow flow;
  const std::string chunk(50'000, 'x');
  std::uint64_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    flow.grant(sent + window);
    flow.record(Source::Output, chunk);
    sent += chunk.size();
  }
  EXPECT_FALSE(flow.resend(0, 0));
  EXPECT_TRUE(flow.resend(sent - chunk.size(), 0));
  EXPECT_EQ(flow.position(Source::Output), sent);
}

TEST(InputFlow, DropsDuplicatesAndRefusesGapsAndTooMuch) {
  InputFlow flow;
  EXPECT_FALSE(flow.accept(0, "early")) << "no window yet";
  EXPECT_EQ(flow.grant(), window);
  ASSERT_TRUE(flow.accept(0, "hello"));
  ASSERT_TRUE(flow.accept(2, "llo wor"));
  ASSERT_TRUE(flow.accept(0, "hell"));
  EXPECT_EQ(flow.pending(), "hello wor");
  EXPECT_FALSE(flow.accept(10, "x")) << "a gap";
  EXPECT_FALSE(flow.accept(9, std::string(window, 'x'))) << "beyond the window";
  EXPECT_EQ(flow.received(), 9u);
}

TEST(InputFlow, GrantsAgainWhenItIsWorthAFrame) {
  InputFlow flow;
  (void)flow.grant();
  ASSERT_TRUE(flow.accept(0, std::string(window, 'x')));
  EXPECT_FALSE(flow.grant());
  flow.consumed(window / 8);
  EXPECT_FALSE(flow.grant());
  flow.consumed(window / 8);
  EXPECT_EQ(flow.grant(), window + window / 4);
  flow.discard();
  EXPECT_TRUE(flow.pending().empty());
  EXPECT_EQ(flow.grant(), 2 * window);
  flow.close();
  EXPECT_FALSE(flow.accept(window, "after the end"));
}

}  // namespace
}  // namespace berth::guest
