// A disk that fails, and a process that is killed between any two calls to it: with a printed seed, through tests/faults.

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "crypto/machine_key_files.hpp"
#include "crypto/machine_keys.hpp"
#include "sessions/faults_testing.hpp"

namespace berth::sessions {
namespace {

namespace fs = std::filesystem;
using testing::Room;
using testing::say;

const Who ada{.owner = "ada", .key = "key_a", .client = ""};
constexpr Limits few{.versions = 4, .changes = 3};

document::Value json(const std::string& text) { return document::parse(text, {}).value(); }
std::string document_of(std::uint64_t version) {
  return "{\"n\":" + std::to_string(version) + ",\"pad\":\"" + std::string(6000, 'p') + "\"}";
}

class Home {
 public:
  Home() {
    std::string pattern = (fs::temp_directory_path() / "berth-faults-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    base_ = fs::canonical(pattern);
    fs::create_directory(base_ / "home");
    fs::permissions(base_ / "home", fs::perms::owner_all);
  }
  Home(const Home&) = delete;
  ~Home() { (void)os::remove_tree(base_); }
  [[nodiscard]] fs::path path() const { return base_ / "home"; }
  [[nodiscard]] fs::path beside(const char* name) const { return base_ / name; }

 private:
  fs::path base_;
};

std::optional<store::SessionRow> newest(Room& room) {
  const auto list = room.run(room->list({.owner = "ada"}, "", 1));
  EXPECT_TRUE(list) << list.error().describe();
  return list && !list->rows.empty() ? std::optional(list->rows.front()) : std::nullopt;
}

Result<store::SessionRow> save(Room& room, const store::SessionRow& from, bool whole) {
  const std::uint64_t next = from.version + 1;
  return whole ? room.run(room->replace(ada, from.id, from.version, json(document_of(next))))
               : room.run(room->patch(ada, from.id, from.version, PatchForm::MergePatch, json("{\"n\":" + std::to_string(next) + "}")));
}

// ---- one step of the life of a home, in which the child is killed ----

const char* const steps[] = {"create", "save", "patch", "compaction", "append", "remove", "checkpoint", "rotation", "import"};

void do_step(Room& room, const std::string& step, const fs::path& home) {
  auto row = newest(room);
  if (step == "create") {
    ASSERT_TRUE(room.run(room->create(ada, {.title = "Plan", .description = {}, .tags = {}, .document = json(document_of(1)), .sandbox = {}})));
  } else if (step == "save" || step == "patch") {
    ASSERT_TRUE(save(room, *row, step == "save"));
  } else if (step == "compaction") {
    for (int i = 0; i < 7; ++i) {
      const auto done = save(room, *row, false);
      ASSERT_TRUE(done) << done.error().describe();
      row = *done;
      say("version " + std::to_string(row->version));
    }
    room.restart();  // what was folded behind the writer's back is done
  } else if (step == "append") {
    ASSERT_TRUE(room.run(room->append(ada, row->id, store::SessionLog::Prompts, "one", json("{}"))));
  } else if (step == "remove") {
    ASSERT_TRUE(room.run(room->remove(ada, row->id)));
  } else if (step == "checkpoint") {
    room.store().close();
  } else if (step == "rotation") {
    auto keys = crypto::MachineKeys::open(home / "keys");
    ASSERT_TRUE(keys && keys->rotate());
  } else if (step == "import") {
    std::ifstream exported(std::getenv("BERTH_TEST_EXPORTED"));
    ASSERT_TRUE(crypto::import_machine_keys(home / "keys", std::string(std::istreambuf_iterator<char>(exported), {})));
  }
}

// Not a test of its own. A session at version 3 is there; then the step, killed before call BERTH_TEST_AT of it.
TEST(KilledChild, DoesOneStep) {
  const char* home = std::getenv("BERTH_FAULTS_HOME");
  const char* step = std::getenv("BERTH_TEST_STEP");
  if (home == nullptr || step == nullptr) return;
  Room room(few, home);
  if (step != std::string("create")) {
    const auto made = room.run(room->create(ada, {.title = "Plan", .description = {}, .tags = {}, .document = json(document_of(1)), .sandbox = {}}));
    ASSERT_TRUE(made) << made.error().describe();
    auto row = made->row;
    for (int i = 0; i < 2; ++i) {
      const auto done = save(room, row, i == 0);
      ASSERT_TRUE(done) << done.error().describe();
      row = *done;
    }
    say("version 3");
  }
  if (step == std::string("import")) {
    const auto text = crypto::export_machine_keys(fs::path(home) / "keys");
    ASSERT_TRUE(text);
    std::ofstream(std::getenv("BERTH_TEST_EXPORTED")) << *text;
    fs::rename(fs::path(home) / "keys", std::getenv("BERTH_TEST_AWAY"));
  }
  testing::plan_faults(("any:" + std::string(std::getenv("BERTH_TEST_AT")) + ":kill").c_str());
  do_step(room, step, home);
  say("calls " + std::to_string(testing::faulty_calls()));
}

// Opens what the kill left: what was acknowledged is there, what was not is there whole or not at all.
void check_after_kill(const Home& home, const std::string& step, std::uint64_t acknowledged) {
  if (step == "import") {  // once more, as a person does
    std::ifstream exported(home.beside("exported"));
    const auto done = crypto::import_machine_keys(home.path() / "keys", std::string(std::istreambuf_iterator<char>(exported), {}));
    ASSERT_TRUE(done) << done.error().describe();
  }
  Room room(few, home.path());
  if (::testing::Test::HasFailure()) return;
  const auto row = newest(room);
  if (acknowledged > 0 && step != "remove") ASSERT_TRUE(row) << "the session is gone";
  if (row) {
    const auto content = room.run(room->get("ada", row->id));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_GE(content->version, acknowledged);
    EXPECT_EQ(content->bytes, document_of(content->version));
    const auto next = save(room, *row, false);
    EXPECT_TRUE(next) << "service goes on: " << next.error().describe();
  }
  const auto keys = crypto::MachineKeys::open_existing(home.path() / "keys");
  EXPECT_TRUE(keys || (step == "create" && !row)) << keys.error().describe();
}

// BERTH_KILL_STEPS: how many calls of each step are tried; 0 is each.
TEST(DiskFaults, AKillBetweenAnyTwoStepsLosesNothingAcknowledged) {
  std::mt19937_64 random(testing::printed_seed());
  const char* asked = std::getenv("BERTH_KILL_STEPS");
  const auto most = asked ? std::strtoull(asked, nullptr, 10) : 3;
  std::uint64_t tried = 0, kills = 0;
  for (const std::string step : steps) {
    long calls = 0;
    for (std::uint64_t n = 0; n == 0 || n <= (most == 0 ? static_cast<std::uint64_t>(calls) : most); ++n) {
      const long at = n == 0 ? 1'000'000 : most == 0 ? static_cast<long>(n) : static_cast<long>(1 + random() % static_cast<std::uint64_t>(calls));
      SCOPED_TRACE(step + ", killed before call " + std::to_string(at) + " of " + std::to_string(calls));
      const Home home;
      const auto said = testing::run_child("KilledChild.DoesOneStep", home.path(),
                                           {"BERTH_TEST_STEP=" + step, "BERTH_TEST_AT=" + std::to_string(at),
                                            "BERTH_TEST_EXPORTED=" + home.beside("exported").string(), "BERTH_TEST_AWAY=" + home.beside("away").string()});
      std::uint64_t acknowledged = 0;
      for (const auto& line : said.lines) {
        if (line.starts_with("version ")) acknowledged = std::stoull(line.substr(8));
        if (line.starts_with("calls ") && n == 0) calls = std::stol(line.substr(6));
      }
      if (n == 0) {
        ASSERT_EQ(said.exit, Exit(Exited{0}));
        ASSERT_GT(calls, 0) << "the step does nothing to the disk";
      } else {
        ++tried;
        if (said.exit == Exit(Killed{SIGKILL})) ++kills;
      }
      check_after_kill(home, step, acknowledged);
      if (HasFailure()) return;
    }
  }
  std::printf("kills between two calls: %llu of %llu\n", static_cast<unsigned long long>(kills), static_cast<unsigned long long>(tried));
  EXPECT_GT(2 * kills, tried) << "what is done beside a step differs from time to time, but seldom";
}

// ---- calls that fail ----

// Not a test of its own: saves while the disk fails as BERTH_TEST_PLAN says, then when it works again.
TEST(FailingChild, SavesOnAFailingDisk) {
  const char* home = std::getenv("BERTH_FAULTS_HOME");
  const char* plan = std::getenv("BERTH_TEST_PLAN");
  if (home == nullptr || plan == nullptr) return;
  Room room(few, home);
  const auto made = room.run(room->create(ada, {.title = "Plan", .description = {}, .tags = {}, .document = json(document_of(1)), .sandbox = {}}));
  ASSERT_TRUE(made) << made.error().describe();
  auto row = made->row;
  int refused = 0;
  const auto try_to_save = [&](int i) {
    const auto done = save(room, row, i % 3 == 0);
    if (done) {
      row = *done;
      return say("version " + std::to_string(row.version));
    }
    ++refused;
    say("refused " + std::string(to_string(done.error().code)));
    const auto now = room.run(room->describe("ada", row.id));
    if (now) row = *now;
  };
  testing::plan_faults(plan);
  for (int i = 0; i < 12; ++i) try_to_save(i);
  testing::plan_faults("");
  const int before = refused;
  for (int i = 0; i < 6; ++i) try_to_save(i);
  EXPECT_EQ(refused, before) << "service goes on when the disk works again";
}

TEST(DiskFaults, WhatTheDiskRefusesIsNotAcknowledged) {
  std::mt19937_64 random(testing::printed_seed());
  struct Case { const char* kind; const char* what; bool always; const char* code; };
  for (const auto& [kind, what, always, code] : {Case{"sync", "EIO", true, "internal"}, Case{"sync", "EIO", false, ""}, Case{"write", "ENOSPC", true, "no_space"},
                                                 Case{"write", "ENOSPC", false, ""}, Case{"write", "EIO", false, ""}, Case{"write", "short", false, ""},
                                                 Case{"write", "EROFS", true, ""}, Case{"write", "EACCES", true, ""}}) {
    const std::string plan = std::string(kind) + ":" + std::to_string(1 + (always ? 0 : random() % 12)) + (always ? "+" : "") + ":" + what;
    SCOPED_TRACE(plan);
    const Home home;
    const auto said = testing::run_child("FailingChild.SavesOnAFailingDisk", home.path(), {"BERTH_TEST_PLAN=" + plan});
    ASSERT_EQ(said.exit, Exit(Exited{0}));
    std::uint64_t acknowledged = 1, refused = 0;
    for (const auto& line : said.lines) {
      if (line.starts_with("version ")) acknowledged = std::stoull(line.substr(8));
      else if (++refused; *code != '\0') EXPECT_EQ(line, std::string("refused ") + code);
    }
    if (always) EXPECT_EQ(refused, 12u) << "each save of a disk that fails each time is refused";
    Room room(few, home.path());
    const auto row = newest(room);
    ASSERT_TRUE(row);
    const auto content = room.run(room->get("ada", row->id));
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_GE(content->version, acknowledged);
    EXPECT_EQ(content->bytes, document_of(content->version));
  }
}

// ---- who may not ----

// A home with two sessions, closed in order; `open` leaves it as a kill does, with its write-ahead log.
std::vector<store::SessionRow> two_sessions(const Home& home, bool closed) {
  std::vector<store::SessionRow> rows;
  Room room(few, home.path());
  for (int s = 0; s < 2; ++s) {
    const auto made = room.run(room->create(ada, {.title = "Plan", .description = {}, .tags = {}, .document = json(document_of(1)), .sandbox = {}}));
    EXPECT_TRUE(made);
    auto row = made->row;
    for (int i = 0; i < 2; ++i) row = save(room, row, i == 0).value();
    rows.push_back(row);
  }
  if (!closed)
    for (const auto& file : fs::directory_iterator(home.path()))
      if (file.is_regular_file() && !file.path().native().ends_with("-shm")) fs::copy_file(file.path(), home.beside(file.path().filename().c_str()));
  return rows;
}

// Not a test of its own: a server of another user at a home that is not, or not all, its own.
TEST(DeniedChild, OpensWhatItMayNot) {
  const char* home = std::getenv("BERTH_TEST_DENIED");
  if (home == nullptr) return;
  ASSERT_EQ(seteuid(65534), 0);
  const SystemClock clock;
  const auto store = testing::open_store(home, clock);
  const auto keys = crypto::MachineKeys::open(fs::path(home) / "keys");
  say("store " + std::string(store ? "open" : to_string(store.error().code)));
  say("keys " + std::string(keys ? "open" : to_string(keys.error().code)));
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);  // or the search for leaks may not look at its own process
}

TEST(DiskFaults, WhatBelongsToAnotherIsRefusedAndLeftAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  struct Case { const char* what; mode_t home; bool own_database, own_keys; const char* store; const char* keys; };
  for (const auto& [what, mode, own_database, own_keys, store, keys] :
       {Case{"the directory", 0700, false, false, "permission_denied", "permission_denied"},
        Case{"the database", 0777, false, true, "permission_denied", "open"}, Case{"the keys", 0777, true, false, "open", "permission_denied"}}) {
    SCOPED_TRACE(what);
    const Home home;
    (void)two_sessions(home, true);
    const std::string before = *os::read_file(home.path() / "berth.db", 64 << 20);
    ASSERT_EQ(chmod(home.path().c_str(), mode), 0);
    ASSERT_EQ(chmod(home.path().parent_path().c_str(), 0755), 0);
    if (own_database) ASSERT_EQ(chown((home.path() / "berth.db").c_str(), 65534, 65534), 0);
    if (own_keys)
      for (const auto& path : {home.path() / "keys", home.path() / "keys" / "00000001.key"}) ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    const auto said = testing::run_child("DeniedChild.OpensWhatItMayNot", home.path(), {"BERTH_TEST_DENIED=" + home.path().string()});
    EXPECT_EQ(said.lines, (std::vector<std::string>{std::string("store ") + store, std::string("keys ") + keys}));
    EXPECT_EQ(*os::read_file(home.path() / "berth.db", 64 << 20), before);
  }
}

// ---- damage ----

// Right, or an error that says what it is; never another content. What a missing tail took away is an older version.
void check_damaged(Room& room, const std::vector<store::SessionRow>& rows, bool older) {
  constexpr std::array fitting = {Code::Damaged, Code::RecordDamaged, Code::NotFound, Code::Internal};
  for (const auto& row : rows) {
    const auto content = room.run(room->get("ada", row.id));
    if (content) {
      EXPECT_EQ(content->bytes, document_of(content->version));
      if (!older) EXPECT_EQ(content->version, row.version);
    } else {
      EXPECT_NE(std::ranges::find(fitting, content.error().code), fitting.end()) << content.error().describe();
    }
  }
}

TEST(DiskFaults, ALogCutAtAnyByteOfItsLastRecordLosesOnlyThat) {
  std::mt19937_64 random(testing::printed_seed());
  const Home home;
  const auto rows = two_sessions(home, false);
  constexpr std::size_t frame = 4096 + 24;
  const std::string wal = *os::read_file(home.beside("berth.db-wal"), 64 << 20);
  ASSERT_GT(wal.size(), 2 * frame);
  const char* asked = std::getenv("BERTH_CUTS");
  const std::size_t cuts = asked ? std::strtoull(asked, nullptr, 10) : 24;
  for (std::size_t i = 0; i < (cuts == 0 ? frame : cuts); ++i) {
    const std::size_t missing = cuts == 0 ? i + 1 : i == 0 ? 1 : i == 1 ? frame : 1 + random() % frame;
    SCOPED_TRACE("the last " + std::to_string(missing) + " bytes are missing");
    (void)fs::remove(home.path() / "berth.db-shm");
    fs::copy_file(home.beside("berth.db"), home.path() / "berth.db", fs::copy_options::overwrite_existing);
    std::ofstream(home.path() / "berth.db-wal", std::ios::binary) << wal.substr(0, wal.size() - missing);
    Room room(few, home.path());
    if (HasFailure()) return;
    check_damaged(room, rows, true);
    const auto first = room.run(room->get("ada", rows[0].id));
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_EQ(first->version, rows[0].version) << "only the last record is lost";
    const auto last = room.run(room->get("ada", rows[1].id));
    ASSERT_TRUE(last) << last.error().describe();
    EXPECT_EQ(last->version + 1, rows[1].version);
  }
}

TEST(DiskFaults, AKeyCutAtAnyByteIsRefusedAndNeverMadeAnew) {
  const Home home;
  (void)two_sessions(home, true);
  const fs::path file = home.path() / "keys" / "00000001.key";
  const std::string key = *os::read_file(file, 1000);
  for (std::size_t size = 0; size < key.size(); ++size) {
    std::ofstream(file, std::ios::binary) << key.substr(0, size);
    const auto opened = crypto::MachineKeys::open(home.path() / "keys");
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, Code::Damaged) << opened.error().describe();
    EXPECT_EQ(fs::file_size(file), size) << "kept as it is";
  }
}

TEST(DiskFaults, AFlippedBitAnywhereIsNoticedOrDoesNothing) {
  std::mt19937_64 random(testing::printed_seed());
  const Home home;
  const auto rows = two_sessions(home, true);
  const std::string whole = *os::read_file(home.path() / "berth.db", 64 << 20);
  const char* asked = std::getenv("BERTH_FLIPS");
  const int flips = asked ? std::atoi(asked) : 60;
  int noticed = 0;
  for (int i = 0; i < flips; ++i) {
    std::string bytes = whole;
    const std::size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    SCOPED_TRACE("byte " + std::to_string(at));
    for (const char* rest : {"berth.db-wal", "berth.db-shm"}) (void)fs::remove(home.path() / rest);
    std::ofstream(home.path() / "berth.db", std::ios::binary) << bytes;
    const SystemClock clock;
    auto store = testing::open_store(home.path(), clock);
    if (!store) {
      ++noticed;
      continue;
    }
    store->reset();
    Room room(few, home.path(), Room::Broken::May);
    if (!room.usable()) {
      ++noticed;
      continue;
    }
    check_damaged(room, rows, false);
    if (HasFailure()) return;
  }
  std::printf("%d of %d flips kept the home from opening\n", noticed, flips);
}

}  // namespace
}  // namespace berth::sessions
