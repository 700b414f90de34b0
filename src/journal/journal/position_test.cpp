#include "journal/position.hpp"

#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

TEST(JournalPosition, OfAnyMomentIsTheFirstByteAtOrAfterIt) {
  for (const bool sealed : {false, true}) {
    Directory home;
    const Key key = sealed ? some_key() : Key();
    {
      auto writer = create(home.journal(), 3 << 20, key);
      for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(writer.append(Kind::Output, numbered(50'000, i), at_second(10 * i)));
        ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({}), at_second(10 * i + 5)));
      }
    }
    EXPECT_GT(list_segments(home.journal())->size(), 2u);
    for (int i = 0; i < 200; ++i) {
      const auto begin = static_cast<std::uint64_t>(i) * 50'000;
      ASSERT_EQ(offset_at(home.journal(), key, at_second(10 * i))->value, begin);
      ASSERT_EQ(offset_at(home.journal(), key, at_second(10 * i + 3))->value, begin + 50'000);
    }
    EXPECT_EQ(offset_at(home.journal(), key, at_second(-100))->value, 0u);
    EXPECT_EQ(offset_at(home.journal(), key, at_second(100'000))->value, 10'000'000u);
  }
}

TEST(JournalPosition, OfNothing) {
  Directory home;
  EXPECT_EQ(offset_at(home.journal(), {}, at_second(0)).error().code, Code::NotFound);
  auto writer = create(home.journal());
  EXPECT_EQ(*offset_at(home.journal(), {}, at_second(0)), ByteOffset{});
}

}  // namespace
}  // namespace berth::journal::testing
