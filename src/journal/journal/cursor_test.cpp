#include "journal/cursor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

TEST(JournalCursor, BeginsExactlyWhereAsked) {
  Directory home;
  auto writer = create(home.journal(), 300);
  const std::string text = numbered(3000);
  for (std::size_t at = 0; at < text.size(); at += 100)
    ASSERT_TRUE(writer.append(at % 200 ? Kind::Output : Kind::Error, std::string_view(text).substr(at, 100), at_second(1)));
  for (std::uint64_t from = 0; from <= text.size(); ++from)
    ASSERT_EQ(read_all(home.journal(), {from}), text.substr(from)) << "from " << from;
  EXPECT_EQ(Cursor::open(home.journal(), {text.size() + 1}).error().code, Code::InvalidArgument);
}

TEST(JournalCursor, GivesPiecesOfTheSizeAsked) {
  Directory home;
  auto writer = create(home.journal());
  ASSERT_TRUE(writer.append(Kind::Output, "abcdefgh", at_second(1)));
  auto cursor = Cursor::open(home.journal(), {1});
  ASSERT_TRUE(cursor);
  std::string seen;
  for (auto piece = *cursor->next(3); piece; piece = *cursor->next(3)) {
    seen += std::to_string(piece->offset.value) + ":" + std::string(piece->data) + " ";
    EXPECT_EQ(piece->time, at_second(1));
  }
  EXPECT_EQ(seen, "1:bcd 4:efg 7:h ");
}

TEST(JournalCursor, GivesWhatWasTypedOnlyToWhoAsksForIt) {
  for (const Key& key : {Key(), some_key()}) {
    Directory home;
    auto writer = create(home.journal(), 150, key);
    ASSERT_TRUE(writer.append(Kind::Output, "$ ", at_second(1)));
    ASSERT_TRUE(writer.append(Kind::Input, "ls\n", at_second(2)));
    ASSERT_TRUE(writer.append(Kind::Output, "ls\r\n", at_second(2)));
    ASSERT_TRUE(writer.append(Kind::Input, "\x04", at_second(3)));
    EXPECT_EQ(writer.end(), ByteOffset{6}) << "what is typed has no place among the bytes";
    EXPECT_EQ(read_all(home.journal(), {}, key), "$ ls\r\n");
    for (const auto typed : {Typed::PassOver, Typed::Give}) {
      auto cursor = Cursor::open(home.journal(), {}, key, typed);
      ASSERT_TRUE(cursor);
      std::string seen;
      for (auto piece = *cursor->next(99); piece; piece = *cursor->next(99))
        if (piece->kind == Kind::Input) seen += std::to_string(piece->offset.value) + "-" + std::to_string(piece->end.value) + ":" + std::string(piece->data) + " ";
      EXPECT_EQ(seen, typed == Typed::Give ? "2-2:ls\n 6-6:\x04 " : "");
    }
    EXPECT_EQ(summary(home.journal(), key)->end, ByteOffset{6});
  }
}

TEST(JournalCursor, TellsWhatStandsBetweenBytes) {
  Directory home;
  auto writer = create(home.journal(), 40);
  ASSERT_TRUE(writer.append(Kind::Output, "ab", at_second(1)));
  ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({.cols = 100, .rows = 30}), at_second(2)));
  ASSERT_TRUE(writer.append(static_cast<Kind>(200), "of a later version", at_second(2)));
  ASSERT_TRUE(writer.append(Kind::Output, "cd", at_second(3)));
  for (const std::uint64_t from : {0, 1, 2}) {
    auto cursor = Cursor::open(home.journal(), {from});
    ASSERT_TRUE(cursor);
    bool resized = false;
    for (auto piece = *cursor->next(99); piece; piece = *cursor->next(99)) {
      EXPECT_TRUE(is_known(piece->kind));
      if (piece->kind != Kind::Resize) continue;
      resized = true;
      EXPECT_EQ(piece->offset, ByteOffset{2});
      EXPECT_EQ(decode_resize(piece->data), (TerminalSize{.cols = 100, .rows = 30}));
    }
    EXPECT_TRUE(resized) << "from " << from;
  }
  auto behind = Cursor::open(home.journal(), {3});
  ASSERT_TRUE(behind);
  EXPECT_EQ((*behind->next(99))->data, "d");
}

TEST(JournalCursor, GoesOnWhenTheWriterDoes) {
  Directory home;
  auto writer = create(home.journal(), 200);
  auto cursor = Cursor::open(home.journal(), {});
  ASSERT_TRUE(cursor);
  std::string expected, seen;
  for (int i = 0; i < 200; ++i) {
    EXPECT_FALSE(*cursor->next(10));
    const std::string part = numbered(50, i);
    expected += part;
    ASSERT_TRUE(writer.append(Kind::Output, part, at_second(i)));
    seen += read_bytes_of(*cursor, 7);
    ASSERT_EQ(seen, expected);
  }
}

TEST(JournalCursor, WaitsForAJournalThatIsJustBeingMade) {
  Directory home;
  EXPECT_EQ(Cursor::open(home.journal(), {}).error().code, Code::NotFound);
  std::filesystem::create_directory(home.journal());
  auto cursor = Cursor::open(home.journal(), {});
  ASSERT_TRUE(cursor);
  EXPECT_FALSE(*cursor->next(10));
  EXPECT_EQ(Cursor::open(home.journal(), {1}).error().code, Code::InvalidArgument);
  auto writer = create(home.journal());
  EXPECT_FALSE(*cursor->next(10));
  ASSERT_TRUE(writer.append(Kind::Output, "hello", at_second(1)));
  EXPECT_EQ((*cursor->next(10))->data, "hello");
}

// A record that is half there is the end for now, whichever half.
TEST(JournalCursor, TakesAHalfWrittenRecordForTheEnd) {
  Directory home;
  { ASSERT_TRUE(create(home.journal()).append(Kind::Output, "arrives in parts", at_second(1))); }
  const auto segment = last_segment(home.journal());
  const auto whole = slurp(segment);
  spill(segment, whole.substr(0, segment_header_bytes));
  auto cursor = Cursor::open(home.journal(), {});
  ASSERT_TRUE(cursor);
  for (std::size_t size = segment_header_bytes; size < whole.size(); ++size) {
    spill(segment, whole.substr(0, size));
    const auto piece = cursor->next(100);
    ASSERT_TRUE(piece) << "at " << size << ": " << piece.error().describe();
    EXPECT_FALSE(*piece);
  }
  spill(segment, whole);
  EXPECT_EQ((*cursor->next(100))->data, "arrives in parts");
}

TEST(JournalCursor, AFlippedBitIsDamageAndCanBeSkipped) {
  Directory home;
  {
    auto writer = create(home.journal());
    for (const char* part : {"first ", "second ", "third "}) ASSERT_TRUE(writer.append(Kind::Output, part, at_second(1)));
  }
  const auto segment = last_segment(home.journal());
  const auto whole = slurp(segment);
  const std::size_t begin = whole.find("second") - record_header_bytes;
  for (std::size_t bit = begin * 8; bit < (begin + record_header_bytes + 7) * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    spill(segment, bytes);
    auto cursor = Cursor::open(home.journal(), {});
    ASSERT_TRUE(cursor);
    EXPECT_EQ((*cursor->next(100))->data, "first ");
    for (int i = 0; i < 2; ++i) {
      const auto piece = cursor->next(100);
      ASSERT_FALSE(piece) << "bit " << bit;
      EXPECT_EQ(piece.error().code, Code::Damaged);
    }
    EXPECT_EQ(*cursor->skip_damage(), ByteOffset{13}) << "bit " << bit;
    EXPECT_EQ((*cursor->next(100))->data, "third ");
    EXPECT_FALSE(*cursor->next(100));
  }
}

TEST(JournalCursor, AMissingSegmentOrTailIsDamage) {
  Directory home;
  {
    auto writer = create(home.journal(), 100);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(writer.append(Kind::Output, numbered(100, i), at_second(1)));
  }
  const auto names = *list_segments(home.journal());
  ASSERT_EQ(names.size(), 4u);
  std::filesystem::remove(home.journal() / to_string(names[1]));
  std::filesystem::resize_file(home.journal() / to_string(names[2]), segment_header_bytes + 60);
  auto cursor = Cursor::open(home.journal(), {});
  ASSERT_TRUE(cursor);
  EXPECT_EQ((*cursor->next(1000))->data, numbered(100, 0));
  EXPECT_EQ(cursor->next(1000).error().code, Code::Damaged);
  EXPECT_EQ(*cursor->skip_damage(), ByteOffset{200});
  EXPECT_EQ(cursor->next(1000).error().code, Code::Damaged);
  EXPECT_EQ(*cursor->skip_damage(), ByteOffset{300});
  EXPECT_EQ((*cursor->next(1000))->data, numbered(100, 3));
}

TEST(JournalCursor, OutputThatImitatesARecordIsNotTakenForOne) {
  Directory home;
  const auto forged = encode({.kind = Kind::Output, .offset = {6}, .time_ns = 1}, "forged", 0);
  auto writer = create(home.journal());
  ASSERT_TRUE(writer.append(Kind::Output, "first ", at_second(1)));
  ASSERT_TRUE(writer.append(Kind::Output, std::string(forged.data(), forged.size()) + "forged", at_second(1)));
  ASSERT_TRUE(writer.append(Kind::Output, "good", at_second(1)));
  auto bytes = slurp(last_segment(home.journal()));
  bytes[segment_header_bytes + record_header_bytes + 6] ^= 1;
  spill(last_segment(home.journal()), bytes);
  auto cursor = Cursor::open(home.journal(), {6});
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->next(100).error().code, Code::Damaged);
  ASSERT_TRUE(cursor->skip_damage());
  EXPECT_EQ((*cursor->next(100))->data, "good");
}

TEST(JournalCursor, ReadsWhileAnotherProcessWrites) {
  Directory home;
  constexpr int parts = 3000;
  const pid_t writer_pid = ::fork();
  if (writer_pid == 0) {
    auto writer = Writer::create(home.journal(), some_id(), {.segment_bytes = 200'000}, at_second(0));
    bool good = writer.has_value();
    for (int i = 0; good && i < parts; ++i)
      good = writer->append(Kind::Output, numbered(1 + static_cast<std::size_t>(i) * 131 % 3000, i), at_second(i)).has_value();
    good = good && writer->append(Kind::Exit, encode_exit({}), at_second(parts)).has_value();
    ::_exit(good ? 0 : 1);
  }
  std::string expected;
  for (int i = 0; i < parts; ++i) expected += numbered(1 + static_cast<std::size_t>(i) * 131 % 3000, i);
  Result<Cursor> cursor = fail(Code::NotFound, "");
  while (!cursor) cursor = Cursor::open(home.journal(), {});
  std::string seen;
  for (bool ended = false; !ended;) {
    const auto piece = cursor->next(64 << 10);
    ASSERT_TRUE(piece) << piece.error().describe();
    if (!*piece) continue;
    ended = (*piece)->kind == Kind::Exit;
    if (is_bytes((*piece)->kind)) seen += (*piece)->data;
  }
  EXPECT_TRUE(seen == expected) << seen.size() << " of " << expected.size();
  int status = -1;
  ::waitpid(writer_pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(JournalSummary, OfNothingYet) {
  Directory home;
  EXPECT_EQ(summary(home.journal()).error().code, Code::NotFound);
  auto writer = create(home.journal());
  const auto known = summary(home.journal());
  ASSERT_TRUE(known);
  EXPECT_EQ(known->end, ByteOffset{});
  EXPECT_FALSE(known->exit);
}

}  // namespace
}  // namespace berth::journal::testing
