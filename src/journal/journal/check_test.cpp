#include "journal/check.hpp"

#include "journal/compact.hpp"
#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

class JournalCheck : public ::testing::TestWithParam<bool> {
 protected:
  JournalCheck() {
    auto writer = create(dir_, 20'000, key_);
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(writer.append(Kind::Output, numbered(1000, i), at_second(i)));
  }
  CheckReport run() {
    auto report = check(dir_, key_);
    if (!report) ADD_FAILURE() << report.error().describe();
    return *std::move(report);
  }
  Directory home_;
  std::filesystem::path dir_ = home_.journal();
  Key key_ = GetParam() ? some_key() : Key();
};

INSTANTIATE_TEST_SUITE_P(Forms, JournalCheck, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Sealed" : "Plain"; });

TEST_P(JournalCheck, SaysWhatIsThere) {
  for (const bool compacted : {false, true}) {
    if (compacted) ASSERT_TRUE(compact(dir_, key_, Last::Finished));
    const auto report = run();
    EXPECT_TRUE(report.whole());
    EXPECT_EQ(report.kept.end, ByteOffset{60'000});
    std::uint64_t bytes = 0, records = 0;
    for (const auto& segment : report.segments) {
      bytes += segment.output_bytes;
      records += segment.records;
      if (segment.records > 5) EXPECT_EQ(segment.compact, compacted);  // a small one stays
      if (!compacted) EXPECT_EQ(segment.sealed, GetParam());
      EXPECT_EQ(segment.disk_bytes, std::filesystem::file_size(dir_ / to_string(segment.name)));
    }
    EXPECT_EQ(bytes, 60'000u);
    EXPECT_EQ(records, 60u);
  }
}

TEST_P(JournalCheck, CountsWhatWasTyped) {
  {
    auto writer = Writer::open(dir_, {.segment_bytes = 20'000, .key = key_});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(Kind::Input, "ls\n", at_second(61)));
    ASSERT_TRUE(writer->append(Kind::Input, "exit\n", at_second(62)));
  }
  for (const bool compacted : {false, true}) {
    if (compacted) ASSERT_TRUE(compact(dir_, key_, Last::Finished));
    const auto report = run();
    EXPECT_TRUE(report.whole());
    EXPECT_EQ(report.kept.end, ByteOffset{60'000});
    std::uint64_t records = 0, bytes = 0;
    for (const auto& segment : report.segments) {
      records += segment.input_records;
      bytes += segment.input_bytes;
    }
    EXPECT_EQ(records, 2u);
    EXPECT_EQ(bytes, 8u);
  }
}

TEST_P(JournalCheck, NamesDamageWithItsOffsets) {
  const auto names = *list_segments(dir_);
  const auto path = dir_ / to_string(names[1]);
  auto bytes = slurp(path);
  bytes[bytes.size() / 2] ^= 1;
  spill(path, bytes);
  const auto report = run();
  ASSERT_EQ(report.damage.size(), 1u);
  EXPECT_EQ(report.damage[0].segment, names[1]);
  EXPECT_EQ(report.damage[0].end - report.damage[0].begin, 1000u);
  EXPECT_EQ(report.kept.end, ByteOffset{60'000});
}

TEST_P(JournalCheck, ATornTailIsNoDamage) {
  std::filesystem::resize_file(last_segment(dir_), std::filesystem::file_size(last_segment(dir_)) - 10);
  const auto report = run();
  EXPECT_TRUE(report.whole());
  EXPECT_GT(report.torn_bytes, 900u);
  EXPECT_EQ(report.kept.end, ByteOffset{59'000});
}

TEST_P(JournalCheck, AMissingSegmentIsDamageButNotAtTheFront) {
  const auto names = *list_segments(dir_);
  std::filesystem::remove(dir_ / to_string(names[0]));
  EXPECT_TRUE(run().whole());
  EXPECT_EQ(run().kept.begin, names[1].first);
  ASSERT_GT(names.size(), 2u);
  const auto middle = names[names.size() - 2];
  std::filesystem::rename(dir_ / to_string(middle), home_.path() / "away");
  if (names.size() > 3) EXPECT_FALSE(run().whole());
}

TEST(JournalCheckErrors, OfNoJournalAndNoKey) {
  Directory home;
  EXPECT_EQ(check(home.journal(), {}).error().code, Code::NotFound);
  { ASSERT_TRUE(create(home.journal(), 1 << 20, some_key()).append(Kind::Output, "x", at_second(1))); }
  EXPECT_EQ(check(home.journal(), {}).error().code, Code::FailedPrecondition);
}

}  // namespace
}  // namespace berth::journal::testing
