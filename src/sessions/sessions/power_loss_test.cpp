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
  if (const char* plan = std::getenv("BERTH_TEST_PLAN")) testing::plan_faults(plan);
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

// What is not as it was acknowledged, a line each.
std::vector<std::string> wrong_in(Room& room, const Witness& witness, Count& count) {
  std::vector<std::string> out;
  for (const auto& [text, version] : witness.saved) {
    if (witness.removed.contains(text)) continue;
    ++count.acknowledged;
    const auto id = SessionId::parse(text).value();
    const auto content = room.run(room->get("ada", id));
    if (!content || content->version < version) {
      ++count.lost;
      out.push_back(text + " was acknowledged at version " + std::to_string(version) + ": " +
                    (content ? std::to_string(content->version) : content.error().describe()));
      continue;
    }
    const auto whole = static_cast<std::uint64_t>(json(content->bytes).as_object().at("whole").as_int64());
    if (content->bytes != document_of(content->version, whole)) out.push_back(text + " is not what was saved as version " + std::to_string(content->version));
    const auto wanted = witness.entries.contains(text) ? witness.entries.at(text) : 0;
    const auto log = room.run(room->entries("ada", id, store::SessionLog::Prompts, 0, 1000));
    count.acknowledged += wanted;
    if (!log || log->end < wanted) {
      count.lost += log ? wanted - log->end : wanted;
      out.push_back(text + " lost entries");
      continue;
    }
    for (const auto& entry : log->entries)
      if (entry.bytes != "{\"n\":" + std::to_string(entry.offset) + "}") out.push_back(text + " has another entry at " + std::to_string(entry.offset));
  }
  for (const auto& id : witness.removed)
    if (room.run(room->describe("ada", SessionId::parse(id).value()))) out.push_back(id + " came back");
  return out;
}

void check(const fs::path& home, const Witness& witness, Count& count) {
  Room room(few, home);
  if (::testing::Test::HasFailure()) return;
  for (const auto& line : wrong_in(room, witness, count)) ADD_FAILURE() << line;
  const auto next = room.run(room->create(ada, {.title = "After", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}}));
  EXPECT_TRUE(next) << "service goes on: " << next.error().describe();
}

// A removal that is acknowledged next may be done already.
void forget_what_is_being_removed(Witness& witness, const std::vector<std::string>& lines, std::size_t bytes) {
  const auto next = std::ranges::find_if(lines, [&](const std::string& line) { return std::stoull(line) > bytes; });
  const auto at = next == lines.end() ? std::string::npos : next->find("removed ");
  if (at != std::string::npos) witness.saved.erase(next->substr(at + 8, next->rfind(' ') - at - 8));
}

// A home and what a child does there, with the record of its calls.
class PowerLossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "berth-power-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    base_ = fs::canonical(pattern);
    fs::create_directory(base_ / "home");
    fs::permissions(base_ / "home", fs::perms::owner_all);
  }
  void TearDown() override {
    if (!HasFailure()) (void)os::remove_tree(base_);  // else it stays for who looks into it
  }
  // What the child said; its record is at record().
  [[nodiscard]] std::vector<std::string> work(std::vector<std::string> more) {
    more.insert(more.end(), {"BERTH_FAULTS_LOG=" + record().string(), "BERTH_SEED=" + std::to_string(random_())});
    const auto said = testing::run_child("PowerLossChild.Works", base_ / "home", more);
    EXPECT_EQ(said.exit, Exit(Exited{0}));
    EXPECT_GT(said.lines.size(), 100u);
    return said.lines;
  }
  [[nodiscard]] fs::path record() const { return base_ / "record"; }
  [[nodiscard]] fs::path again() const { return base_ / "again"; }
  std::mt19937_64 random_{testing::printed_seed()};

 private:
  fs::path base_;
};

// BERTH_MOMENTS: how many; 0 is each.
TEST_F(PowerLossTest, WhatWasAcknowledgedIsThereAtEveryMoment) {
  const auto said = work({});
  ASSERT_FALSE(HasFailure());
  const PowerLoss loss(record());
  const char* asked = std::getenv("BERTH_MOMENTS");
  const std::uint64_t moments = asked ? std::strtoull(asked, nullptr, 10) : 60;
  Count count;
  for (std::uint64_t i = 0; moments == 0 ? i < loss.size() : i < moments; ++i) {
    const std::size_t call = moments == 0 ? i : i == 0 ? loss.size() : random_() % loss.size();
    for (const auto unsynced : {PowerLoss::Unsynced::None, PowerLoss::Unsynced::Random, PowerLoss::Unsynced::All}) {
      SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(loss.size()) + ", unsynced " + std::to_string(static_cast<int>(unsynced)));
      loss.make(call, unsynced, random_, again());
      Witness witness = witness_at(said, loss.bytes_before(call));
      forget_what_is_being_removed(witness, said, loss.bytes_before(call));
      check(again(), witness, count);
      ++count.moments;
      if (HasFailure()) return;
    }
  }
  std::printf("acknowledged saves lost: %llu of %llu, over %llu losses of power\n", static_cast<unsigned long long>(count.lost),
              static_cast<unsigned long long>(count.acknowledged), static_cast<unsigned long long>(count.moments));
  EXPECT_EQ(count.lost, 0u);
}

// That the test above would see a loss: the same work on a disk that says that it synced, and did not.
TEST_F(PowerLossTest, ADiskThatLiesIsFoundOut) {
  const auto said = work({"BERTH_TEST_PLAN=sync:60+:lie"});
  ASSERT_FALSE(HasFailure());
  const PowerLoss loss(record());
  loss.make(loss.size(), PowerLoss::Unsynced::None, random_, again());
  Room room(few, again(), Room::Broken::May);
  ASSERT_TRUE(room.usable());
  Count count;
  EXPECT_FALSE(wrong_in(room, witness_at(said, loss.bytes_before(loss.size())), count).empty());
  EXPECT_GT(count.lost, 0u);
}

}  // namespace
}  // namespace berth::sessions
