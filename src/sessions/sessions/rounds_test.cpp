// Properties over random steps with a printed seed: what was acknowledged is there, byte for byte, after any rounds of
// closing, resuming, restarting and killing, and with many clients at one session.

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "document/patch.hpp"
#include "os/process.hpp"
#include "sessions/sessions_testing.hpp"

namespace berth::sessions {
namespace {

using testing::Room;

const Who ada{.owner = "ada", .key = "key_a", .client = ""};

std::uint64_t seed() {
  const char* given = std::getenv("BERTH_SEED");
  const std::uint64_t used = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_SEED=%llu\n", static_cast<unsigned long long>(used));
  return used;
}

document::Value json(const std::string& text) { return document::parse(text, {}).value(); }
NewSession plan() { return {.title = "Plan", .description = {}, .tags = {}, .document = json("{}"), .sandbox = "sbx_1"}; }

TEST(Rounds, TheDocumentAndItsLogsAreTheSameAfterAnyNumberOfThem) {
  std::mt19937_64 random(seed());
  Room room({.versions = 10, .changes = 5});
  const auto made = room.run(room->create(ada, plan()));
  ASSERT_TRUE(made) << made.error().describe();
  const SessionId id = made->row.id;
  std::string expected = "{}";
  std::uint64_t version = 1, entries = 0;
  bool active = true;
  for (int step = 0; step < 300; ++step) {
    switch (random() % 6) {
      case 0: {
        const auto done = room.run(active ? room->close(ada, id) : room->resume(ada, id));
        ASSERT_TRUE(done) << done.error().describe();
        version = done->version;
        active = !active;
        break;
      }
      case 1: room.restart(); break;
      case 2: {
        const auto done = room.run(room->append(ada, id, store::SessionLog::Usage, std::to_string(entries), json("{\"n\":" + std::to_string(entries) + "}")));
        ASSERT_EQ(done.has_value(), active);
        if (done) ++entries;
        break;
      }
      default: {
        const std::string patch = "{\"k" + std::to_string(random() % 5) + "\":" + (random() % 3 ? std::to_string(random() % 1000) : "null") + "}";
        const auto done = room.run(room->patch(ada, id, version, PatchForm::MergePatch, json(patch)));
        ASSERT_TRUE(done) << done.error().describe();
        expected = document::canonical(document::apply_merge_patch(json(expected), json(patch)));
        version = done->version;
      }
    }
    const auto content = room.run(room->get("ada", id));
    ASSERT_TRUE(content) << content.error().describe();
    ASSERT_EQ(content->bytes, expected) << "step " << step;
    ASSERT_EQ(content->version, version);
  }
  const auto log = room.run(room->entries("ada", id, store::SessionLog::Usage, 0, 1000));
  ASSERT_EQ(log->entries.size(), entries);
  for (std::uint64_t i = 0; i < entries; ++i) EXPECT_EQ(log->entries[i].bytes, "{\"n\":" + std::to_string(i) + "}");
}

// Each client adds its own marks, taking a 412 as a reason to look again: every acknowledged mark is there at the end.
TEST(Rounds, AHundredClientsAtOneSessionLoseNoEdit) {
  Room room;
  const auto made = room.run(room->create(ada, plan()));
  ASSERT_TRUE(made);
  const SessionId id = made->row.id;
  constexpr int clients = 100, marks = 3;
  const auto client = [](Sessions* sessions, SessionId session, int number) -> boost::asio::awaitable<Result<>> {
    std::uint64_t from = 1;
    for (int mark = 0; mark < marks;) {
      auto patch = json("[{\"op\":\"add\",\"path\":\"/" + std::to_string(number) + "-" + std::to_string(mark) + "\",\"value\":true}]");
      auto done = co_await sessions->patch(ada, session, from, PatchForm::JsonPatch, std::move(patch));
      if (done) from = done->version, ++mark;
      else if (done.error().code == Code::Stale) from = std::stoull(done.error().facts.front().second);
      else if (done.error().code != Code::ResourceExhausted) co_return std::unexpected(std::move(done).error());
    }
    co_return Result<>{};
  };
  std::vector<std::future<Result<>>> all;
  for (int i = 0; i < clients; ++i) all.push_back(room.begin(client(&*room, id, i)));
  for (auto& one : all) {
    const auto done = one.get();
    ASSERT_TRUE(done) << done.error().describe();
  }
  room.restart();
  const auto content = room.run(room->get("ada", id));
  ASSERT_TRUE(content) << content.error().describe();
  EXPECT_EQ(content->version, 1u + clients * marks) << "every accepted change is one version";
  const auto value = json(content->bytes);
  EXPECT_EQ(value.as_object().size(), std::size_t{clients * marks});
}

// Versions decide, not clocks: whatever the time is, each change follows the one before, and a key keeps its effect.
TEST(Rounds, AClockThatGoesBackwardsChangesNoOrder) {
  std::mt19937_64 random(seed());
  Room room({.versions = 10, .changes = 5});
  const auto made = room.run(room->create(ada, plan()));
  ASSERT_TRUE(made) << made.error().describe();
  const SessionId id = made->row.id;
  for (std::uint64_t version = 1; version < 60; ++version) {
    room.clock.advance(std::chrono::seconds{static_cast<std::int64_t>(random() % 20'000) - 12'000});
    Who keyed = ada;
    keyed.once = "change " + std::to_string(version);
    for (int again = 0; again < 2; ++again) {
      const auto done = room.run(room->patch(keyed, id, version, PatchForm::MergePatch, json("{\"n\":" + std::to_string(version) + "}")));
      ASSERT_TRUE(done) << done.error().describe();
      ASSERT_EQ(done->version, version + 1);
    }
    const auto entry = room.run(room->append(ada, id, store::SessionLog::Usage, std::to_string(version), json("{}")));
    ASSERT_EQ(entry->offset, version - 1);
    if (random() % 10 == 0) room.restart();
  }
  EXPECT_EQ(room.run(room->get("ada", id))->bytes, "{\"n\":59}");
  const auto history = room.run(room->history("ada", id, 0, 100));
  ASSERT_TRUE(history);
  for (std::size_t i = 0; i < history->size(); ++i) EXPECT_EQ((*history)[i].version, 60 - i);
}

// Who walks a list in the order of creation meets each session that stays exactly once, whatever happens to it meanwhile.
TEST(Rounds, TenThousandSessionsInAListThatChanges) {
  std::mt19937_64 random(seed());
  constexpr std::uint64_t count = 10'000;
  Room room({.active = 20'000, .stored = 20'000});
  const auto name = [](std::uint64_t i) { return SessionId::parse("ses_" + std::string(21, '0') + std::to_string(10'000 + i)).value(); };
  testing::tamper(room.home(),
                  "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO sessions (id, owner, title, "
                  "title_key, description, tags, state, damaged, version, head, document_bytes, hash_version, hash, sandbox, changed_by, "
                  "client, created, updated) SELECT 'ses_000000000000000000000' || (10000 + i), 'ada', 'T' || i, 't' || i, '', '', 1, 0, 1, "
                  "x'00', 2, 1, '', '', '', '', i, i FROM n");
  std::set<std::uint64_t> removed;
  const auto change = [&] {
    if (random() % 2 == 0) {
      ASSERT_TRUE(room.run(room->create(ada, {.title = "New", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}})));
    } else if (const auto which = random() % count; removed.insert(which).second) {
      ASSERT_TRUE(room.run(room->remove(ada, name(which))));
    }
    testing::tamper(room.home(), "UPDATE sessions SET title = 'moved', title_key = 'moved', updated = " + std::to_string(random()  % 100'000) +
                                     " WHERE id = '" + name(random() % count).str() + "'");
  };
  const store::SessionFilter filter{.owner = "ada", .order = store::SessionOrder::Created, .direction = store::Direction::Up};
  std::map<std::string, int> met;
  std::string after;
  do {
    change();
    const auto page = room.run(room->list(filter, after, 100));
    ASSERT_TRUE(page) << page.error().describe();
    for (const auto& row : page->rows) ++met[row.id.str()];
    after = page->next;
  } while (!after.empty());
  for (const auto& [id, times] : met) EXPECT_EQ(times, 1) << id;
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_TRUE(removed.contains(i) || met.contains(name(i).str())) << i;
}

// ---- kill -9, with an outside witness ----

// Not a test of its own: the process that the next test kills. It says each version on stdout after it was acknowledged.
TEST(RoundsChild, SavesUntilItIsKilled) {
  const char* home = std::getenv("BERTH_TEST_SESSIONS_HOME");
  if (home == nullptr) return;
  Room room({.changes = 6}, home);
  auto list = room.run(room->list({.owner = "ada"}, "", 1));
  ASSERT_TRUE(list) << list.error().describe();
  if (list->rows.empty()) {
    ASSERT_TRUE(room.run(room->create(ada, plan())));
    list = room.run(room->list({.owner = "ada"}, "", 1));
  }
  const SessionId id = list->rows.front().id;
  for (std::uint64_t version = list->rows.front().version;; ++version) {
    const std::string text = std::to_string(version + 1);
    const auto done = version % 5 == 0 ? room.run(room->replace(ada, id, version, json("{\"n\":" + text + "}")))
                                       : room.run(room->patch(ada, id, version, PatchForm::MergePatch, json("{\"n\":" + text + "}")));
    ASSERT_TRUE(done) << done.error().describe();
    (void)os::write_all(1, "@" + text + "\n");
  }
}

TEST(Rounds, NoAcknowledgedSaveIsLostToAKill) {
  std::mt19937_64 random(seed());
  std::string home = (std::filesystem::temp_directory_path() / "berth-sessions-XXXXXX").string();
  ASSERT_NE(mkdtemp(home.data()), nullptr);
  std::uint64_t acknowledged = 0, kills = 0, lost = 0;
  for (; kills < 8; ++kills) {
    auto pipe = os::make_pipe();
    ASSERT_TRUE(pipe);
    auto environment = os::own_environment();
    environment.push_back("BERTH_TEST_SESSIONS_HOME=" + home);
    auto child = os::Process::spawn({.argv = {"/proc/self/exe", "--gtest_filter=RoundsChild.*"},
                                     .executable = std::filesystem::read_symlink("/proc/self/exe"),
                                     .env = environment,
                                     .fds = {{pipe->write.get(), 1}}});
    ASSERT_TRUE(child) << child.error().describe();
    pipe->write.reset();
    const auto wanted = 1 + random() % 60;
    std::string said;
    std::array<char, 4096> buffer{};
    bool killed = false;
    for (;;) {
      const auto got = os::read_some(pipe->read.get(), buffer);
      if (!got || !*got || **got == 0) break;
      said.append(buffer.data(), **got);
      if (!killed && static_cast<std::uint64_t>(std::ranges::count(said, '@')) >= wanted) killed = child->kill(SIGKILL).has_value();
    }
    ASSERT_TRUE(killed) << said;
    (void)child->wait();
    for (std::size_t at = 0; (at = said.find('@', at)) != std::string::npos; ++at)
      if (said.find('\n', at) != std::string::npos) acknowledged = std::stoull(said.substr(at + 1));
    Room room({.changes = 6}, home);
    const auto list = room.run(room->list({.owner = "ada"}, "", 1));
    ASSERT_TRUE(list && !list->rows.empty());
    const auto content = room.run(room->get("ada", list->rows.front().id));
    ASSERT_TRUE(content) << content.error().describe();
    if (content->version < acknowledged) lost += acknowledged - content->version;
    EXPECT_EQ(content->bytes, content->version == 1 ? "{}" : "{\"n\":" + std::to_string(content->version) + "}");
  }
  std::printf("acknowledged saves lost: %llu of %llu, over %llu kills\n", static_cast<unsigned long long>(lost),
              static_cast<unsigned long long>(acknowledged), static_cast<unsigned long long>(kills));
  EXPECT_EQ(lost, 0u);
  (void)os::remove_tree(home);
}

}  // namespace
}  // namespace berth::sessions
