#include "journal/writer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "journal/journal_testing.hpp"
#include "os/file.hpp"
#include "os/mount.hpp"

namespace berth::journal::testing {
namespace {

TEST(JournalWriter, FilesArePrivate) {
  Directory home;
  auto writer = create(home.journal());
  struct stat state {};
  ASSERT_EQ(::stat(home.journal().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0700u);
  ASSERT_EQ(::stat(last_segment(home.journal()).c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
}

TEST(JournalWriter, RefusesToBeginTwice) {
  Directory home;
  auto writer = create(home.journal());
  const auto again = Writer::create(home.journal(), some_id(), {}, at_second(0));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::AlreadyExists) << again.error().describe();
}

TEST(JournalWriter, TheFirstSyncIsOfItsNameInTheParentToo) {
  Directory home;
  auto writer = create(home.journal());
  const auto parent = os::stat_path(home.journal().parent_path());
  const auto hands_it_over = [&] {
    const auto files = writer.take_unsynced();
    return std::ranges::any_of(*files, [&](const auto& file) { return os::stat_fd(file.get())->st_ino == parent->st_ino; });
  };
  EXPECT_TRUE(hands_it_over());
  ASSERT_TRUE(writer.append(Kind::Output, "more", at_second(1)));
  EXPECT_FALSE(hands_it_over());
}

TEST(JournalWriter, OpenOfNothingIsNotFound) {
  Directory home;
  EXPECT_EQ(Writer::open(home.journal()).error().code, Code::NotFound);
  std::filesystem::create_directory(home.journal());
  EXPECT_EQ(Writer::open(home.journal()).error().code, Code::NotFound);
}

TEST(JournalWriter, GoesOnWhereItEnded) {
  Directory home;
  {
    auto writer = create(home.journal());
    ASSERT_TRUE(writer.append(Kind::Output, "one ", at_second(1)));
    ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({}), at_second(1)));
  }
  auto writer = Writer::open(home.journal());
  ASSERT_TRUE(writer) << writer.error().describe();
  EXPECT_EQ(writer->end(), ByteOffset{4});
  EXPECT_EQ(writer->torn_bytes(), 0u);
  ASSERT_TRUE(writer->append(Kind::Error, "two", at_second(2)));
  EXPECT_EQ(read_all(home.journal()), "one two");
}

TEST(JournalWriter, CutsATailTornAtAnyByte) {
  Directory home;
  std::string whole;
  std::size_t good = 0;
  {
    auto writer = create(home.journal());
    ASSERT_TRUE(writer.append(Kind::Output, "kept", at_second(1)));
    good = slurp(last_segment(home.journal())).size();
    ASSERT_TRUE(writer.append(Kind::Output, "the last record", at_second(2)));
    whole = slurp(last_segment(home.journal()));
  }
  for (std::size_t size = good; size < whole.size(); ++size) {
    spill(last_segment(home.journal()), whole.substr(0, size));
    EXPECT_EQ(read_all(home.journal()), "kept") << "cut at " << size;
    auto writer = Writer::open(home.journal());
    ASSERT_TRUE(writer) << "cut at " << size << ": " << writer.error().describe();
    EXPECT_EQ(writer->torn_bytes(), size - good);
    EXPECT_EQ(writer->end(), ByteOffset{4});
    ASSERT_TRUE(writer->append(Kind::Output, " more", at_second(3)));
    EXPECT_EQ(read_all(home.journal()), "kept more") << "cut at " << size;
  }
}

TEST(JournalWriter, CutsZerosThatAPowerLossLeft) {
  Directory home;
  { ASSERT_TRUE(create(home.journal()).append(Kind::Output, "kept", at_second(1))); }
  const auto segment = last_segment(home.journal());
  std::filesystem::resize_file(segment, std::filesystem::file_size(segment) + 10'000);
  auto writer = Writer::open(home.journal());
  ASSERT_TRUE(writer) << writer.error().describe();
  EXPECT_EQ(writer->torn_bytes(), 10'000u);
  EXPECT_EQ(read_all(home.journal()), "kept");
}

TEST(JournalWriter, KeepsWhatStandsBehindDamage) {
  Directory home;
  {
    auto writer = create(home.journal());
    for (const char* part : {"first ", "second ", "third "}) ASSERT_TRUE(writer.append(Kind::Output, part, at_second(1)));
  }
  const auto segment = last_segment(home.journal());
  auto bytes = slurp(segment);
  bytes[bytes.find("second")] ^= 1;
  spill(segment, bytes);
  auto writer = Writer::open(home.journal());
  ASSERT_TRUE(writer) << writer.error().describe();
  EXPECT_EQ(writer->torn_bytes(), 0u);
  EXPECT_EQ(writer->end(), ByteOffset{19});
  EXPECT_EQ(slurp(segment), bytes);
}

TEST(JournalWriter, ASegmentThatWasJustBeingMadeIsMadeAgain) {
  Directory home;
  { ASSERT_TRUE(create(home.journal()).append(Kind::Output, "kept", at_second(1))); }
  const auto half = home.journal() / to_string(SegmentName{.sequence = 1, .first = {4}});
  spill(half, "BERTHJ");
  auto writer = Writer::open(home.journal());
  ASSERT_TRUE(writer) << writer.error().describe();
  EXPECT_EQ(writer->end(), ByteOffset{4});
  EXPECT_FALSE(std::filesystem::exists(half));
}

TEST(JournalWriter, BeginsSegmentsBySizeAndNoneAfterTheExit) {
  Directory home;
  auto writer = create(home.journal(), 1000);
  const std::string text = numbered(20'000);
  for (std::size_t at = 0; at < text.size(); at += 500)
    ASSERT_TRUE(writer.append(Kind::Output, std::string_view(text).substr(at, 500), at_second(1)));
  EXPECT_EQ(list_segments(home.journal())->size(), 20u);
  ASSERT_TRUE(writer.append(Kind::Exit, encode_exit({.code = 3}), at_second(2)));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(writer.append(Kind::Note, numbered(100), at_second(3)));
  EXPECT_EQ(read_all(home.journal()), text);
  const auto known = summary(home.journal());
  ASSERT_TRUE(known);
  EXPECT_EQ(known->end, ByteOffset{20'000});
  EXPECT_EQ(known->exit, Exit{Exited{3}});
  EXPECT_EQ(known->exit_time, at_second(2));
}

TEST(JournalWriter, GivesEverySegmentToSyncOnce) {
  Directory home;
  auto writer = create(home.journal(), 100);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.append(Kind::Output, numbered(200), at_second(1)));
  EXPECT_EQ(writer.take_unsynced()->size(), 5u);  // three segments, the directory and its parent
  EXPECT_TRUE(writer.take_unsynced()->empty());
  EXPECT_TRUE(writer.sync());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(writer.append(Kind::Output, numbered(200), at_second(1)));
  EXPECT_LE(writer.take_unsynced()->size(), 10u);
}

TEST(JournalWriter, AFullDiskKeepsWhatWasWrittenAndGoesOnLater) {
  Directory home;
  if (!os::mount_tmpfs(home.path(), "size=128k")) GTEST_SKIP() << "needs mount(2)";
  {
    auto writer = create(home.journal(), 40'000);
    std::string expected;
    Result<> result;
    for (int i = 0; result; ++i) {
      const std::string part = numbered(3000, i);
      result = writer.append(Kind::Output, part, at_second(i));
      if (result) expected += part;
    }
    EXPECT_EQ(result.error().code, Code::NoSpace) << result.error().describe();
    EXPECT_EQ(writer.end(), ByteOffset{expected.size()});
    EXPECT_FALSE(writer.append(Kind::Output, numbered(8000), at_second(99)));
    EXPECT_EQ(read_all(home.journal()), expected);
    EXPECT_TRUE(os::mount_tmpfs(home.path(), "size=512k", MS_REMOUNT));
    const std::string last = numbered(50'000);
    ASSERT_TRUE(writer.append(Kind::Output, last, at_second(100)));
    EXPECT_EQ(read_all(home.journal()), expected + last);
  }
  EXPECT_TRUE(os::unmount(home.path()));
}

}  // namespace
}  // namespace berth::journal::testing
