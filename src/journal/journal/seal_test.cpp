#include "journal/seal.hpp"

#include "journal/journal_testing.hpp"

namespace berth::journal::testing {
namespace {

constexpr std::size_t first_record = long_segment_header_bytes;

std::size_t record_size(std::size_t payload) { return record_header_bytes + seal_overhead_bytes + payload; }

// What a reader gets, damage as "<from-to>".
std::string read_with_damage(const std::filesystem::path& dir, const Key& key) {
  auto cursor = Cursor::open(dir, {}, key);
  if (!cursor) return "closed: " + std::string(to_string(cursor.error().code));
  std::string out;
  for (;;) {
    const auto piece = cursor->next(max_payload_bytes);
    if (!piece && piece.error().code == Code::Damaged) {
      const ByteOffset from = cursor->offset();
      const auto on = cursor->skip_damage();
      if (!on) return out + "<lost>";
      out += "<" + std::to_string(from.value) + "-" + std::to_string(on->value) + ">";
      continue;
    }
    if (!piece) return out + "failed: " + piece.error().describe();
    if (!*piece) return out;
    if (is_bytes((*piece)->kind)) out += (*piece)->data;
    else out += "{" + std::to_string(static_cast<int>((*piece)->kind)) + "}";
  }
}

struct Sealed {
  Directory home;
  Key key = some_key();
  std::filesystem::path dir = home.journal();
  explicit Sealed(const std::vector<std::string>& parts, std::uint64_t segment_bytes = 16 << 20) {
    auto writer = create(dir, segment_bytes, key);
    for (const auto& part : parts) EXPECT_TRUE(writer.append(Kind::Output, part, at_second(1)));
  }
};

TEST(JournalSeal, NothingThatWasPrintedStandsOnTheDisk) {
  Sealed journal({"a secret that was printed\r\n", numbered(20'000)}, 5000);
  for (const auto& name : *list_segments(journal.dir)) {
    const auto bytes = slurp(journal.dir / to_string(name));
    EXPECT_EQ(bytes.find("secret"), std::string::npos);
    EXPECT_EQ(bytes.find(numbered(30)), std::string::npos);
    EXPECT_EQ(bytes.find(journal.key.reveal()), std::string::npos);
  }
  EXPECT_EQ(read_all(journal.dir, {}, journal.key), "a secret that was printed\r\n" + numbered(20'000));
}

TEST(JournalSeal, IsReadWithItsKeyOnly) {
  Sealed journal({"hello"});
  EXPECT_EQ(Cursor::open(journal.dir, {}).error().code, Code::FailedPrecondition);
  EXPECT_EQ(read_with_damage(journal.dir, some_key('x')), "") << "a tail that fails its check";
}

TEST(JournalSeal, EveryFlippedBitIsNoticedAndLosesItsRecordAlone) {
  Sealed journal({"first ", "second ", "third "});
  const auto segment = last_segment(journal.dir);
  const auto whole = slurp(segment);
  const std::size_t begin = first_record + record_size(6);
  for (std::size_t bit = begin * 8; bit < (begin + record_size(7)) * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    spill(segment, bytes);
    ASSERT_EQ(read_with_damage(journal.dir, journal.key), "first <6-13>third ") << "bit " << bit;
  }
}

// The checksums are no secret: whoever writes the disk makes them right. Only the seal notices.
void fix_checksum(std::string& segment, std::size_t record, std::size_t stored) {
  const auto header = *decode_segment(segment);
  put_checksum(segment.data() + record, std::string_view(segment).substr(record + record_header_bytes, stored), header->seed);
}

TEST(JournalSeal, ARecordOfAnotherTimeOffsetOrTextIsNoticed) {
  Sealed journal({"first ", "second ", "third "});
  const auto segment = last_segment(journal.dir);
  const auto whole = slurp(segment);
  const std::size_t begin = first_record + record_size(6);
  for (const std::size_t at : {12, 14, 16, 24, 32, 40, 60}) {  // kind, zero, offset, time, counter, link, text
    auto bytes = whole;
    bytes[begin + at] ^= 1;
    fix_checksum(bytes, begin, seal_overhead_bytes + 7);
    spill(segment, bytes);
    EXPECT_EQ(read_with_damage(journal.dir, journal.key), "first <6-13>third ") << "byte " << at;
  }
}

TEST(JournalSeal, RecordsAreNotSwappedMovedOrCutOut) {
  Sealed journal({"aaaa", "bbbb", "cccc", "dddd"});
  const auto segment = last_segment(journal.dir);
  const auto whole = slurp(segment);
  const std::size_t size = record_size(4);
  const auto record = [&](std::size_t i) { return whole.substr(first_record + i * size, size); };
  const auto head = whole.substr(0, first_record);
  spill(segment, head + record(0) + record(2) + record(1) + record(3));
  EXPECT_EQ(read_with_damage(journal.dir, journal.key), "aaaa<4-8>cccc<12-12>dddd");
  spill(segment, head + record(0) + record(2) + record(3));
  EXPECT_EQ(read_with_damage(journal.dir, journal.key), "aaaa<4-8>ccccdddd");
}

TEST(JournalSeal, ARecordWithoutBytesIsNotCutOutEither) {
  Directory home;
  {
    auto writer = create(home.journal(), 16 << 20, some_key());
    ASSERT_TRUE(writer.append(Kind::Output, "aaaa", at_second(1)));
    ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({}), at_second(1)));
    ASSERT_TRUE(writer.append(Kind::Output, "bbbb", at_second(1)));
  }
  const auto segment = last_segment(home.journal());
  auto bytes = slurp(segment);
  bytes.erase(first_record + record_size(4), record_size(4));
  spill(segment, bytes);
  EXPECT_EQ(read_with_damage(home.journal(), some_key()), "aaaa<4-4>bbbb");
}

TEST(JournalSeal, TheEndOfAFinishedSegmentIsNotCutOff) {
  Directory home;
  {
    auto writer = create(home.journal(), 300, some_key());
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(writer.append(Kind::Output, numbered(200, i), at_second(1)));
      ASSERT_TRUE(writer.append(Kind::Resize, encode_resize({}), at_second(1)));
    }
  }
  const auto names = *list_segments(home.journal());
  ASSERT_GE(names.size(), 2u);
  const auto first = home.journal() / to_string(names[0]);
  const auto whole = read_with_damage(home.journal(), some_key());
  EXPECT_EQ(whole.find('<'), std::string::npos);
  std::filesystem::resize_file(first, std::filesystem::file_size(first) - record_size(4));  // the last resize
  EXPECT_NE(read_with_damage(home.journal(), some_key()).find('<'), std::string::npos);
}

TEST(JournalSeal, ASegmentOfAnotherJournalOrPlaceIsNoticed) {
  Sealed one({"aaaa", "bbbb"}), other({"cccc", "dddd"});
  std::filesystem::copy_file(last_segment(other.dir), last_segment(one.dir), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(read_all(one.dir, {}, one.key), "ccccdddd") << "the keys of the two are the same in this test";
  auto bytes = slurp(last_segment(one.dir));
  auto header = **decode_segment(bytes);
  header.created_ns += 1;
  const auto forged = encode(header);
  spill(last_segment(one.dir), forged + bytes.substr(forged.size()));
  EXPECT_EQ(read_with_damage(one.dir, one.key), "");
}

TEST(JournalSeal, WhatIsWrittenInTheClearIsNotTakenForSealed) {
  Sealed journal({"first ", "second "});
  const auto segment = last_segment(journal.dir);
  auto bytes = slurp(segment);
  const auto seed = (*decode_segment(bytes))->seed;
  const auto forged = encode({.kind = Kind::Output, .offset = {13}, .time_ns = 1}, "forged", seed);
  bytes.append(forged.data(), forged.size()).append("forged");
  spill(segment, bytes);
  EXPECT_EQ(read_with_damage(journal.dir, journal.key), "first second ");
}

TEST(JournalSeal, CutsATailTornAtAnyByteAndGoesOnInANewSegment) {
  Sealed journal({"kept", "the last record"});
  const auto segment = last_segment(journal.dir);
  const auto whole = slurp(segment);
  const std::size_t good = first_record + record_size(4);
  for (std::size_t size = good; size < whole.size(); ++size) {
    for (const auto& name : *list_segments(journal.dir)) std::filesystem::remove(journal.dir / to_string(name));
    spill(segment, whole.substr(0, size));
    ASSERT_EQ(read_with_damage(journal.dir, journal.key), "kept") << "cut at " << size;
    auto writer = Writer::open(journal.dir, {.key = journal.key});
    ASSERT_TRUE(writer) << writer.error().describe();
    EXPECT_EQ(writer->torn_bytes(), size - good);
    ASSERT_TRUE(writer->append(Kind::Output, " more", at_second(3)));
    ASSERT_EQ(read_with_damage(journal.dir, journal.key), "kept more") << "cut at " << size;
    EXPECT_EQ(list_segments(journal.dir)->size(), 2u);
  }
}

TEST(JournalSeal, AJournalOfVersion1StaysReadable) {
  Directory home;
  { ASSERT_TRUE(create(home.journal()).append(Kind::Output, "in the clear, ", at_second(1))); }
  EXPECT_EQ(slurp(last_segment(home.journal()))[8], 1);
  EXPECT_EQ(read_all(home.journal(), {}, some_key()), "in the clear, ");
  auto writer = Writer::open(home.journal(), {.key = some_key()});
  ASSERT_TRUE(writer) << writer.error().describe();
  ASSERT_TRUE(writer->append(Kind::Output, "then sealed", at_second(2)));
  EXPECT_EQ(read_all(home.journal(), {}, some_key()), "in the clear, then sealed");
}

TEST(JournalKey, IsStoredWrappedAndForItsJournalOnly) {
  Directory home;
  const auto machine = crypto::MachineKeys::open(home.path() / "keys");
  ASSERT_TRUE(machine) << machine.error().describe();
  const Key key = Key::random();
  ASSERT_TRUE(store_key(home.journal(), key, *machine));
  EXPECT_EQ(slurp(home.journal() / "key").find(key.reveal()), std::string::npos);
  EXPECT_EQ(load_key(home.journal(), *machine)->reveal(), key.reveal());
  EXPECT_EQ(store_key(home.journal(), key, *machine).error().code, Code::AlreadyExists);
  std::filesystem::create_directory(home.path() / "other");
  EXPECT_TRUE(load_key(home.path() / "other", *machine)->empty());
  std::filesystem::copy_file(home.journal() / "key", home.path() / "other/key");
  EXPECT_EQ(load_key(home.path() / "other", *machine).error().code, Code::Damaged);
  EXPECT_EQ(Key::from("short").error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace berth::journal::testing
