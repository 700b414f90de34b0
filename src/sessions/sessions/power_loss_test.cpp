// Loss of power, simulated: a child works on a home while each of its calls is written down; from that record the home is made as
// it could lie on the disk at any of its moments, and opened. What the child had acknowledged by then must be there.

#include <set>

#include "sessions/faults_testing.hpp"

namespace berth::sessions {
namespace {

namespace fs = std::filesystem;
using testing::PowerLoss;
using testing::Room;
using testing::say;

const Who ada{.owner = "ada", .key = "key_a", .client = ""};
constexpr Limits few{.versions = 10, .changes = 6};

document::Value json(const std::string& text) { return document::parse(text, {}).value(); }

// Each document says its version, and holds as much as the last whole one had.
std::string pad(std::uint64_t whole) { return std::string(whole * 7919 % 90'000, static_cast<char>('a' + whole % 26)); }
std::string document_of(std::uint64_t version, std::uint64_t whole) {
  return "{\"n\":" + std::to_string(version) + ",\"pad\":\"" + pad(whole) + "\",\"whole\":" + std::to_string(whole) + "}";
}

std::size_t record_bytes() { return static_cast<std::size_t>(fs::file_size(std::getenv("BERTH_FAULTS_LOG"))); }
void acknowledge(const std::string& what) { say(std::to_string(record_bytes()) + " " + what); }

// Not a test of its own: what is done while power fails. Says of each success how long the record was by then.
TEST(PowerLossChild, Works) {
  const char* home = std::getenv("BERTH_FAULTS_HOME");
  if (home == nullptr) return;
  std::mt19937_64 random(std::strtoull(std::getenv("BERTH_SEED"), nullptr, 10));
  Room room(few, home);
  if (HasFailure()) return;
  struct Mine { SessionId id; std::uint64_t version, entries = 0; };
  std::vector<Mine> sessions;
  for (int step = 0; step < 120; ++step) {
    if (sessions.size() < 3) {
      const auto made = room.run(room->create(ada, {.title = "Plan", .description = {}, .tags = {}, .document = json(document_of(1, 1)), .sandbox = {}}));
      ASSERT_TRUE(made) << made.error().describe();
      sessions.push_back({made->row.id, 1});
      acknowledge("saved " + made->row.id.str() + " 1");
      continue;
    }
    // Two at once, so that they share a commit.
    std::vector<std::pair<Mine*, std::future<Result<store::SessionRow>>>> saves;
    const std::size_t first = random() % sessions.size();
    for (Mine* mine : {&sessions[first], &sessions[(first + 1) % sessions.size()]}) {
      const std::uint64_t next = mine->version + 1;
      saves.emplace_back(mine, random() % 4 == 0
                                   ? room.begin(room->replace(ada, mine->id, mine->version, json(document_of(next, next))))
                                   : room.begin(room->patch(ada, mine->id, mine->version, PatchForm::MergePatch, json("{\"n\":" + std::to_string(next) + "}"))));
    }
    for (auto& [mine, save] : saves) {
      const auto done = save.get();
      ASSERT_TRUE(done) << done.error().describe();
      mine->version = done->version;
      acknowledge("saved " + mine->id.str() + " " + std::to_string(done->version));
    }
    Mine& mine = sessions[first];
    if (random() % 3 == 0) {
      const auto done = room.run(room->append(ada, mine.id, store::SessionLog::Prompts, std::to_string(mine.entries), json("{\"n\":" + std::to_string(mine.entries) + "}")));
      ASSERT_TRUE(done) << done.error().describe();
      acknowledge("entries " + mine.id.str() + " " + std::to_string(++mine.entries));
    }
    if (random() % 20 == 0) {
      ASSERT_TRUE(room.run(room->remove(ada, mine.id)));
      acknowledge("removed " + mine.id.str() + " 0");
      sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(first));
    }
    if (random() % 40 == 0) room.restart();  // the write-ahead log goes into the file
  }
}

struct Witness {
  std::map<std::string, std::uint64_t> saved, entries;
  std::set<std::string> removed;
};

// What had been acknowledged when the record had `bytes`.
Witness witness_at(const std::vector<std::string>& lines, std::size_t bytes) {
  Witness out;
  for (const auto& line : lines) {
    std::istringstream words(line);
    std::size_t at = 0;
    std::string what, id;
    std::uint64_t number = 0;
    words >> at >> what >> id >> number;
    if (at > bytes) break;
    if (what == "saved") out.saved[id] = number;
    if (what == "entries") out.entries[id] = number;
    if (what == "removed") out.removed.insert(id);
  }
  return out;
}

struct Count { std::uint64_t moments = 0, acknowledged = 0, lost = 0; };

void check(const fs::path& home, const Witness& witness, Count& count) {
  Room room(few, home);
  if (::testing::Test::HasFailure()) return;
  for (const auto& [text, version] : witness.saved) {
    if (witness.removed.contains(text)) continue;
    ++count.acknowledged;
    const auto id = SessionId::parse(text).value();
    const auto content = room.run(room->get("ada", id));
    if (!content || content->version < version) {
      ++count.lost;
      ADD_FAILURE() << text << " was acknowledged at version " << version << ": " << (content ? std::to_string(content->version) : content.error().describe());
      continue;
    }
    const auto value = json(content->bytes);
    const auto whole = static_cast<std::uint64_t>(value.as_object().at("whole").as_int64());
    EXPECT_TRUE(content->bytes == document_of(content->version, whole)) << text << " is not what was saved as version " << content->version;
    const auto wanted = witness.entries.contains(text) ? witness.entries.at(text) : 0;
    const auto log = room.run(room->entries("ada", id, store::SessionLog::Prompts, 0, 1000));
    ASSERT_TRUE(log) << log.error().describe();
    EXPECT_GE(log->end, wanted) << text;
    count.acknowledged += wanted;
    if (log->end < wanted) count.lost += wanted - log->end;
    for (const auto& entry : log->entries) EXPECT_EQ(entry.bytes, "{\"n\":" + std::to_string(entry.offset) + "}");
  }
  for (const auto& id : witness.removed) EXPECT_FALSE(room.run(room->describe("ada", SessionId::parse(id).value()))) << id << " came back";
  const auto next = room.run(room->create(ada, {.title = "After", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}}));
  EXPECT_TRUE(next) << "service goes on: " << next.error().describe();
}

// A removal that is acknowledged next may be done already.
void forget_what_is_being_removed(Witness& witness, const std::vector<std::string>& lines, std::size_t bytes) {
  const auto next = std::ranges::find_if(lines, [&](const std::string& line) { return std::stoull(line) > bytes; });
  const auto at = next == lines.end() ? std::string::npos : next->find("removed ");
  if (at != std::string::npos) witness.saved.erase(next->substr(at + 8, next->rfind(' ') - at - 8));
}

// BERTH_MOMENTS: how many; 0 is each.
TEST(PowerLoss, WhatWasAcknowledgedIsThereAtEveryMoment) {
  std::mt19937_64 random(testing::printed_seed());
  std::string pattern = (fs::temp_directory_path() / "berth-power-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path base = fs::canonical(pattern), home = base / "home", again = base / "again", record = base / "record";
  fs::create_directory(home);
  fs::permissions(home, fs::perms::owner_all);
  const auto said = testing::run_child("PowerLossChild.Works", home,
                                       {"BERTH_FAULTS_LOG=" + record.string(), "BERTH_SEED=" + std::to_string(random())});
  ASSERT_EQ(said.exit, Exit(Exited{0}));
  ASSERT_GT(said.lines.size(), 100u);
  const PowerLoss loss(record);
  const char* asked = std::getenv("BERTH_MOMENTS");
  const std::uint64_t moments = asked ? std::strtoull(asked, nullptr, 10) : 60;
  Count count;
  for (std::uint64_t i = 0; moments == 0 ? i < loss.size() : i < moments; ++i) {
    const std::size_t call = moments == 0 ? i : i == 0 ? loss.size() : random() % loss.size();
    for (const auto unsynced : {PowerLoss::Unsynced::None, PowerLoss::Unsynced::Random, PowerLoss::Unsynced::All}) {
      SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(loss.size()) + ", unsynced " + std::to_string(static_cast<int>(unsynced)));
      loss.make(call, unsynced, random, again);
      Witness witness = witness_at(said.lines, loss.bytes_before(call));
      forget_what_is_being_removed(witness, said.lines, loss.bytes_before(call));
      check(again, witness, count);
      ++count.moments;
      if (HasFailure()) return;  // `again` stays for who looks into it
    }
  }
  std::printf("acknowledged saves lost: %llu of %llu, over %llu losses of power\n", static_cast<unsigned long long>(count.lost),
              static_cast<unsigned long long>(count.acknowledged), static_cast<unsigned long long>(count.moments));
  EXPECT_EQ(count.lost, 0u);
  (void)os::remove_tree(base);
}

}  // namespace
}  // namespace berth::sessions
