#include "journal/compact.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_testing.hpp"
#include "journal/position.hpp"
#include "journal/search.hpp"
#include "journal/trim.hpp"
#include "os/file.hpp"
#include "os/mount.hpp"

namespace berth::journal::testing {
namespace {

class JournalCompact : public ::testing::TestWithParam<bool> {
 protected:
  // Small and large records, other kinds between them, several segments; ended.
  void write(int parts = 120, std::uint64_t segment_bytes = 600'000) {
    auto writer = create(dir_, segment_bytes, key_);
    for (int i = 0; i < parts; ++i) {
      const std::string part = numbered(static_cast<std::size_t>(i) * 7919 % 30'000, i);
      text_ += part;
      ASSERT_TRUE(writer.append(i % 5 == 0 ? Kind::Error : Kind::Output, part, at_second(i)));
      if (i % 4 == 0) ASSERT_TRUE(writer.append(Kind::Input, part.substr(0, 20), at_second(i)));
      if (i % 3 == 0) ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({}), at_second(i)));
    }
    ASSERT_TRUE(writer.append(Kind::Exit, encode_exit({.code = 3}), at_second(parts)));
  }
  // Every piece as a line.
  std::string story(ByteOffset from = {}) {
    auto cursor = Cursor::open(dir_, from, key_, Typed::Give);
    if (!cursor) return cursor.error().describe();
    std::string out;
    for (;;) {
      const auto piece = cursor->next(1 << 20);
      if (!piece) return out + piece.error().describe();
      if (!*piece) return out;
      out += std::to_string(static_cast<int>((*piece)->kind)) + " " + std::to_string((*piece)->offset.value) + " " +
             std::to_string((*piece)->time.time_since_epoch().count()) + " " + std::string((*piece)->data) + "\n";
    }
  }
  [[nodiscard]] std::uint64_t disk() const { return trim(dir_, 0)->disk_bytes; }

  Directory home_;
  std::filesystem::path dir_ = home_.journal();
  Key key_ = GetParam() ? some_key() : Key();
  std::string text_;
};

INSTANTIATE_TEST_SUITE_P(Forms, JournalCompact, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Sealed" : "Plain"; });

TEST_P(JournalCompact, TellsTheSameStoryInLessRoom) {
  write();
  const std::string before = story();
  const auto plain = disk();
  const auto done = compact(dir_, key_, Last::StillWritten);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->segments + 1, list_segments(dir_)->size());
  EXPECT_TRUE(story() == before);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  EXPECT_TRUE(story() == before);
  EXPECT_LT(disk(), plain / 2);
  EXPECT_EQ(compact(dir_, key_, Last::Finished)->segments, 0u);
  const auto known = summary(dir_, key_);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->end.value, text_.size());
  EXPECT_EQ(known->exit, Exit{Exited{3}});
  for (std::uint64_t from = 0; from <= text_.size(); from += 10'007)
    ASSERT_TRUE(read_all(dir_, {from}, key_) == text_.substr(from)) << "from " << from;
  for (int i = 0; i < 120; i += 7) {
    const auto offset = offset_at(dir_, key_, at_second(i));
    auto cursor = Cursor::open(dir_, *offset, key_);
    ASSERT_TRUE(cursor);
    auto piece = cursor->next(1);
    while (*piece && !is_bytes((*piece)->kind)) piece = cursor->next(1);
    EXPECT_GE((*piece)->time, at_second(i));
    EXPECT_LE((*piece)->time, at_second(i + 1));
  }
  std::uint64_t lines = 0;
  EXPECT_TRUE(search(dir_, key_, {.pattern = "7"}, [&](const Line&) { return ++lines > 0; }));
  EXPECT_GT(lines, 1000u);
}

TEST_P(JournalCompact, ReadersOfTheOldFormGoOn) {
  write();
  auto cursor = Cursor::open(dir_, {}, key_);
  ASSERT_TRUE(cursor);
  while (cursor->offset().value < text_.size() / 3) ASSERT_TRUE(*cursor->next(1000));
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  const ByteOffset at = cursor->offset();
  EXPECT_TRUE(read_bytes_of(*cursor) == text_.substr(at.value));
}

TEST_P(JournalCompact, AWriterGoesOnBehindIt) {
  write(40);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  auto writer = Writer::open(dir_, {.key = key_});
  ASSERT_TRUE(writer) << writer.error().describe();
  ASSERT_TRUE(writer->append(Kind::Output, "more", at_second(99)));
  EXPECT_TRUE(read_all(dir_, {}, key_) == text_ + "more");
}

TEST_P(JournalCompact, AKillBeforeAnyStepLeavesTheOldOrTheNewForm) {
  write(60, 100'000);
  const std::string before = story();
  int steps = 0;
  for (bool killed = true; killed; ++steps) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      int seen = 0;
      const auto done = compact(dir_, key_, Last::Finished, [&](std::string_view) {
        if (seen++ == steps) ::_exit(7);
        return true;
      });
      ::_exit(done ? 0 : 1);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    killed = WEXITSTATUS(status) == 7;
    ASSERT_TRUE(killed || status == 0) << "step " << steps;
    ASSERT_TRUE(story() == before) << "killed before step " << steps;
  }
  EXPECT_GT(steps, 10);
  for (const auto& entry : std::filesystem::directory_iterator(dir_))
    EXPECT_TRUE(parse_segment_name(entry.path().filename().native())) << entry.path();
}

TEST_P(JournalCompact, AFullDiskChangesNothing) {
  if (!os::mount_tmpfs(home_.path(), "size=4m")) GTEST_SKIP() << "needs mount(2)";
  write(90, 100'000);
  const std::string before = story();
  spill(home_.path() / "filler", std::string(4 << 20, 'x'));  // as much as there is room for
  const auto done = compact(dir_, key_, Last::Finished);
  if (!done) EXPECT_EQ(done.error().code, Code::NoSpace);
  EXPECT_TRUE(story() == before);
  EXPECT_TRUE(os::unmount(home_.path()));
}

TEST_P(JournalCompact, CanBeInterrupted) {
  write(60, 100'000);
  const std::string before = story();
  int left = 4;
  EXPECT_EQ(compact(dir_, key_, Last::Finished, [&](std::string_view) { return left-- > 0; }).error().code, Code::Cancelled);
  EXPECT_TRUE(story() == before);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  EXPECT_TRUE(story() == before);
}

TEST_P(JournalCompact, ADamagedSegmentStaysAsItIs) {
  write(40, 100'000);
  const auto victim = dir_ / to_string(list_segments(dir_)->front());
  auto bytes = slurp(victim);
  bytes[bytes.size() / 2] ^= 1;
  spill(victim, bytes);
  EXPECT_EQ(compact(dir_, key_, Last::Finished).error().code, Code::Damaged);
  EXPECT_EQ(slurp(victim), bytes);
  EXPECT_NE(slurp(last_segment(dir_))[16], 0) << "the others are compact";
}

TEST_P(JournalCompact, WhatWasRemovedMeanwhileStaysRemoved) {
  write();
  const auto names = *list_segments(dir_);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished, [&](std::string_view next) {
    if (next == "exchange") std::filesystem::remove(dir_ / to_string(names[0]));
    return true;
  }));
  EXPECT_EQ((*list_segments(dir_))[0].sequence, 1u);
}

TEST_P(JournalCompact, AFlippedBitLosesItsFrameAlone) {
  write(60, 10 << 20);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  const auto segment = last_segment(dir_);
  const auto whole = slurp(segment);
  const std::size_t stride = std::max<std::size_t>(1, whole.size() / 200);
  for (std::size_t at = long_segment_header_bytes; at < whole.size(); at += stride) {
    auto bytes = whole;
    bytes[at] ^= 4;
    spill(segment, bytes);
    auto cursor = Cursor::open(dir_, {}, key_);
    ASSERT_TRUE(cursor) << cursor.error().describe();
    std::uint64_t lost = 0, seen = 0;
    for (;;) {
      const auto piece = cursor->next(1 << 20);
      if (!piece) {
        ASSERT_EQ(piece.error().code, Code::Damaged) << piece.error().describe();
        const ByteOffset from = cursor->offset();
        const auto on = cursor->skip_damage();
        if (!on) break;
        lost += *on - from;
        continue;
      }
      if (!*piece) break;
      if (!is_bytes((*piece)->kind)) continue;
      ASSERT_TRUE(text_.substr((*piece)->offset.value, (*piece)->data.size()) == (*piece)->data) << "byte " << at;
      seen += (*piece)->data.size();
    }
    ASSERT_LE(lost, max_frame_bytes) << "byte " << at;
    ASSERT_GE(seen + max_frame_bytes, text_.size()) << "byte " << at;
  }
}

TEST_P(JournalCompact, WithoutItsTableTheFramesAreFound) {
  write(60, 10 << 20);
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  const auto segment = last_segment(dir_);
  std::filesystem::resize_file(segment, std::filesystem::file_size(segment) - 10);
  EXPECT_TRUE(read_all(dir_, {}, key_) == text_);
}

TEST_P(JournalCompact, TheEndOfACompactSegmentIsNotCutOff) {
  write();
  ASSERT_TRUE(compact(dir_, key_, Last::Finished));
  const auto first = dir_ / to_string(list_segments(dir_)->front());
  std::filesystem::resize_file(first, std::filesystem::file_size(first) / 2);
  auto cursor = Cursor::open(dir_, {}, key_);
  ASSERT_TRUE(cursor);
  Result<std::optional<Piece>> piece;
  do piece = cursor->next(1 << 20);
  while (piece && *piece);
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code, Code::Damaged);
}

TEST(JournalTrim, TheOldestGoAndReadersAreTold) {
  Directory home;
  auto writer = create(home.journal(), 10'000);
  const std::string text = numbered(200'000);
  auto early = [&] {
    EXPECT_TRUE(writer.append(Kind::Output, std::string_view(text).substr(0, 1000), at_second(0)));
    return *Cursor::open(home.journal(), {});
  }();
  EXPECT_EQ((*early.next(500))->data.size(), 500u);
  for (std::size_t at = 1000; at < text.size(); at += 1000)
    ASSERT_TRUE(writer.append(Kind::Output, std::string_view(text).substr(at, 1000), at_second(1)));
  const auto kept = trim(home.journal(), 50'000);
  ASSERT_TRUE(kept);
  EXPECT_LE(kept->disk_bytes, 50'000u);
  EXPECT_GT(kept->removed_bytes, 100'000u);
  std::string seen;
  std::optional<Piece> gap;
  for (auto piece = *early.next(1 << 20); piece; piece = *early.next(1 << 20)) {
    if (piece->kind == Kind::Gap) {
      EXPECT_FALSE(gap);
      gap = piece;
      seen.clear();
    } else {
      seen += piece->data;
    }
  }
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->end, kept->begin);
  EXPECT_EQ(seen, text.substr(kept->begin.value));
  const auto before = Cursor::open(home.journal(), {500});
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, Code::InvalidArgument);
  EXPECT_NE(before.error().message.find(std::to_string(kept->begin.value)), std::string::npos) << before.error().message;
  EXPECT_EQ(range(home.journal())->begin, kept->begin);
  EXPECT_EQ(trim(home.journal(), 1)->begin, list_segments(home.journal())->front().first);
  EXPECT_EQ(list_segments(home.journal())->size(), 1u);
}

TEST(JournalTrim, AWriterKeepsItsLimit) {
  Directory home;
  auto writer = *Writer::create(home.journal(), some_id(), {.segment_bytes = 10'000, .max_bytes = 40'000}, at_second(0));
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(writer.append(Kind::Output, numbered(1000, i), at_second(i)));
  EXPECT_LE(trim(home.journal(), 0)->disk_bytes, 52'000u);
  EXPECT_EQ(range(home.journal())->end, ByteOffset{300'000});
}

}  // namespace
}  // namespace berth::journal::testing
