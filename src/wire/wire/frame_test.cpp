#include "wire/frame.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wire/init.pb.h"

namespace berth::wire {
namespace {

std::string two_frames() {
  ToInit a, b;
  a.mutable_input()->set_data("hello");
  b.mutable_signal()->set_signal(15);
  std::string out;
  append_frame(a, out);
  append_frame(b, out);
  return out;
}

TEST(FrameReader, EverySplitGivesTheSameFrames) {
  const std::string bytes = two_frames();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader;
    std::vector<std::string> got;
    for (auto part : {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      ASSERT_TRUE(reader.feed(part)) << "cut at " << cut;
      while (auto frame = reader.next()) got.emplace_back(*frame);
    }
    ASSERT_EQ(got.size(), 2u) << "cut at " << cut;
    ToInit first;
    ASSERT_TRUE(parse_frame(got[0], first));
    EXPECT_EQ(first.input().data(), "hello");
  }
}

TEST(FrameReader, RefusesLengthsOutOfRange) {
  for (std::string head : {std::string("\0\0\0\0", 4), std::string("\xff\xff\xff\xff", 4)}) {
    FrameReader reader;
    EXPECT_FALSE(reader.feed(head));
    EXPECT_FALSE(reader.feed("more"));
    EXPECT_FALSE(reader.next().has_value());
  }
}

// Whoever sent it may send nothing more.
TEST(FrameReader, ABadLengthBehindGoodFramesIsSeenAtOnce) {
  const std::string all = two_frames() + std::string(4, '\xff');
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    FrameReader reader;
    const bool first = reader.feed(all.substr(0, cut)).has_value();
    EXPECT_EQ(first, cut < all.size());
    if (cut > 30) (void)reader.next();
    EXPECT_FALSE(reader.feed(all.substr(cut)));
    EXPECT_FALSE(reader.next().has_value());
  }
}

TEST(ParseFrame, DamagedBytesAreAnError) {
  ToInit message;
  EXPECT_EQ(parse_frame("\xff\xff\xff", message).error().code, Code::Damaged);
}

}  // namespace
}  // namespace berth::wire
