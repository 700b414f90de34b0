#include "journal/checkpoints.hpp"

#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

Checkpoints open_in(const Directory& home, const Key& key) {
  std::filesystem::create_directory(home.journal());
  return *Checkpoints::open(home.journal(), key);
}

TEST(JournalCheckpoints, TheNearestOneBeforeAnOffset) {
  for (const Key& key : {Key(), some_key()}) {
    Directory home;
    const auto checkpoints = open_in(home, key);
    EXPECT_FALSE(*checkpoints.nearest({5}));
    for (const std::uint64_t offset : {100, 300, 200})
      ASSERT_TRUE(checkpoints.append({.offset = {offset}, .time = at_second(1), .state = "at " + std::to_string(offset)}));
    EXPECT_FALSE(*checkpoints.nearest({99}));
    EXPECT_EQ((*checkpoints.nearest({100}))->state, "at 100");
    EXPECT_EQ((*checkpoints.nearest({299}))->state, "at 200");
    const auto last = *checkpoints.nearest({1 << 20});
    EXPECT_EQ(last->offset, ByteOffset{300});
    EXPECT_EQ(last->time, at_second(1));
    ASSERT_TRUE(checkpoints.append({.offset = {300}, .time = at_second(1), .state = "again"}));
    EXPECT_EQ((*checkpoints.nearest({300}))->state, "again");
    EXPECT_EQ(checkpoints.list()->size(), 3u);
  }
}

TEST(JournalCheckpoints, ADamagedOneIsPassedOver) {
  for (const Key& key : {Key(), some_key()}) {
    Directory home;
    const auto checkpoints = open_in(home, key);
    for (const std::uint64_t offset : {1, 2}) ASSERT_TRUE(checkpoints.append({.offset = {offset}, .time = {}, .state = numbered(120)}));
    const auto path = home.journal() / "screens/00000000000000000002.screen";
    const auto whole = slurp(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      auto bytes = whole;
      bytes[at] ^= 0x10;
      spill(path, bytes);
      ASSERT_EQ((*checkpoints.nearest({9}))->offset, ByteOffset{1}) << "byte " << at;
      spill(path, whole.substr(0, at));
      ASSERT_EQ((*checkpoints.nearest({9}))->offset, ByteOffset{1}) << "cut at " << at;
    }
  }
}

TEST(JournalCheckpoints, SealedOnesShowNothing) {
  Directory home;
  const auto checkpoints = open_in(home, some_key());
  ASSERT_TRUE(checkpoints.append({.offset = {1}, .time = {}, .state = "a password on the screen"}));
  EXPECT_EQ(slurp(home.journal() / "screens/00000000000000000001.screen").find("password"), std::string::npos);
  EXPECT_EQ(Checkpoints::open(home.journal(), {})->nearest({1}).error().code, Code::FailedPrecondition);
  EXPECT_FALSE(*Checkpoints::open(home.journal(), some_key('x'))->nearest({1}));
}

TEST(JournalCheckpoints, TheOldestGoFirst) {
  Directory home;
  const auto checkpoints = open_in(home, {});
  for (std::uint64_t offset = 0; offset < 10; ++offset)
    ASSERT_TRUE(checkpoints.append({.offset = {offset}, .time = {}, .state = numbered(100)}));
  ASSERT_TRUE(checkpoints.trim({4}, 0));
  EXPECT_EQ(*checkpoints.list(), (std::vector<ByteOffset>{{4}, {5}, {6}, {7}, {8}, {9}}));
  const auto size = std::filesystem::file_size(home.journal() / "screens/00000000000000000009.screen");
  EXPECT_LE(*checkpoints.trim({}, 2 * size + 1), 2 * size + 1);
  EXPECT_EQ(checkpoints.list()->back(), ByteOffset{9});
  EXPECT_LE(checkpoints.list()->size(), 2u);
}

}  // namespace
}  // namespace berth::journal::testing
