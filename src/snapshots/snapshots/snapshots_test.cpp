#include "snapshots/snapshots.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "crypto/crypto.hpp"
#include "document/json.hpp"
#include "os/file.hpp"
#include "snapshots/snapshots_testing.hpp"

namespace berth::snapshots {
namespace {

namespace fs = std::filesystem;
using store::SnapshotRow;
using store::SnapshotState;
using store::Visibility;
using testing::Room;

const Who ada{.owner = "ada", .key = "key_a", .client = "tab 1"};
const Who bob{.owner = "bob", .key = "key_b", .client = ""};
const std::string secret = "ghp_" + std::string("0123456789abcdefghijABCDEFGHIJ012345");

#define DONE(...) \
  do { const auto done_result = (__VA_ARGS__); ASSERT_TRUE(done_result) << done_result.error().describe(); } while (false)
#define REFUSED(expected, ...)                                       \
  do {                                                               \
    const auto refused_result = (__VA_ARGS__);                       \
    ASSERT_FALSE(refused_result) << "succeeded: " #__VA_ARGS__;      \
    EXPECT_EQ(refused_result.error().code, expected) << refused_result.error().describe(); \
  } while (false)

document::Value json(std::string_view text) { return document::parse(text, {.bytes = 1 << 20}).value(); }

SessionId session_in(Room& room, std::string_view text = R"({"n":1})", const std::string& sandbox = {}) {
  const auto made = room.run(room.sessions().create(ada, {.title = "Plan", .description = "what", .tags = {"work"}, .document = json(text),
                                                          .sandbox = sandbox}));
  EXPECT_TRUE(made) << made.error().describe();
  return made->row.id;
}

SnapshotRow snapshot_in(Room& room, const SessionId& session, NewSnapshot wanted = {}) {
  wanted.session = session;
  const auto made = room.run(room->create(ada, wanted));
  EXPECT_TRUE(made) << made.error().describe();
  return made ? made->row : SnapshotRow{};
}

std::string all_of(const Pieces& next) {
  std::string out;
  for (;;) {
    const auto piece = next();
    EXPECT_TRUE(piece) << piece.error().describe();
    if (!piece || !*piece) return out;
    out += **piece;
  }
}

std::string part_of(Room& room, const Look& look, const std::string& name) {
  const auto part = room.run(room->part(look, name));
  return part ? all_of(part->next) : part.error().describe();
}

std::vector<std::string> names(const View& view) {
  std::vector<std::string> out;
  for (const auto& part : view.parts) out.push_back(part.name);
  return out;
}

// What runs the work of jobs: here the test does.
void run_removals(Room& room) {
  const auto jobs = room.run(room.store().read([](store::Reader& reader) { return reader.jobs({.kind = remove_kind, .state = {}}, {}); }));
  ASSERT_TRUE(jobs);
  for (const auto& job : jobs->rows) DONE(room.run(room->remove_now(job)));
}

class SnapshotsTest : public ::testing::Test {
 protected:
  os::ScratchDir home_;
};

TEST_F(SnapshotsTest, HoldsWhatTheSessionWasAndStaysAsItIs) {
  Room room(home_.path());
  const auto session = session_in(room);
  for (int i = 0; i < 250; ++i)
    DONE(room.run(room.sessions().append(ada, session, store::SessionLog::Usage, "id" + std::to_string(i), json(R"({"tokens":1})"))));
  const auto row = snapshot_in(room, session);
  EXPECT_EQ(row.state, SnapshotState::Ready);
  EXPECT_EQ(row.title, "Plan");
  EXPECT_EQ(row.tags, std::vector<std::string>{"work"});
  EXPECT_EQ(row.version, 1u);
  DONE(room.run(room.sessions().replace(ada, session, 1, json(R"({"n":2})"))));
  const auto view = room.run(room->get({ada, row.id}));
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_TRUE(view->own);
  EXPECT_EQ(names(*view), (std::vector<std::string>{"document.json", "logs/usage.jsonl"}));
  EXPECT_EQ(part_of(room, {ada, row.id}, "document.json"), R"({"n":1})");
  const auto lines = part_of(room, {ada, row.id}, "logs/usage.jsonl");
  EXPECT_EQ(std::ranges::count(lines, '\n'), 250);
  EXPECT_NE(lines.find(R"("entry":{"tokens":1},"id":"id249","offset":249})"), std::string::npos);
  REFUSED(Code::NotFound, room.run(room->part({ada, row.id}, "other")));
  DONE(room.run(room.sessions().remove(ada, session)));
  room.restart();
  EXPECT_EQ(part_of(room, {ada, row.id}, "document.json"), R"({"n":1})") << "also when the session is gone";
  DONE(room.run(room->verify(ada, row.id)));
  EXPECT_EQ(room.recorded, (std::vector<std::string>{"begun by ada", "created by ada"}));
}

TEST_F(SnapshotsTest, HasTheTerminalsOfTheSandbox) {
  Room room(home_.path());
  const auto sandbox = crypto::new_id<SandboxId>();
  const store::TerminalRow terminal{.id = crypto::new_id<TerminalId>(), .sandbox = sandbox, .owner = "ada", .argv = {"sh"}, .cwd = "/",
                                    .size = {}, .nonce = "", .running = false, .created = room.clock.now()};
  DONE(room.run(room.store().write([&](store::Unit& unit) -> Result<> {
    TRY(unit.insert_sandbox({.id = sandbox, .owner = "ada", .name = "one", .created = room.clock.now()}));
    TRY(unit.insert_terminal(terminal));
    for (std::uint64_t i = 1; i <= 3; ++i)
      TRY(unit.put_command({.terminal = terminal.id, .number = i, .sandbox = sandbox, .owner = "ada", .text = "ls\xFF", .cwd = "/",
                            .exit_code = 0, .done = true, .started = room.clock.now(), .duration_ns = 5}));
    return {};
  })));
  room.casts[terminal.id.str()] = std::string(300'000, 'c');
  ASSERT_TRUE(os::make_private_directory(home_.path() / "sandboxes" / sandbox.str()));
  ASSERT_TRUE(os::durable_write(home_.path() / "sandboxes" / sandbox.str() / "a.txt", "what was written"));
  const auto row = snapshot_in(room, session_in(room, "{}", sandbox.str()));
  const std::string below = "terminals/" + terminal.id.str() + "/";
  EXPECT_EQ(part_of(room, {ada, row.id}, below + "recording.cast"), room.casts[terminal.id.str()]);
  const auto commands = part_of(room, {ada, row.id}, below + "commands.jsonl");
  EXPECT_LT(commands.find(R"("number":1)"), commands.find(R"("number":3)")) << "in their order";
  EXPECT_NE(commands.find("ls\xEF\xBF\xBD"), std::string::npos) << "as UTF-8";
  const auto files = part_of(room, {ada, row.id}, "workspace.tar");
  EXPECT_EQ(files.size(), 4 * 512u);
  EXPECT_EQ(files.substr(512, 16), "what was written");
  const auto without = snapshot_in(room, session_in(room, "{}", sandbox.str()), {.leave_out = {"terminals/", "workspace.tar"}});
  EXPECT_EQ(without.parts, 1u);
}

TEST_F(SnapshotsTest, ATokenShowsItAsOftenAsItSays) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id})));
  const auto shared = room.run(room->share(ada, row.id, {.visibility = Visibility::Token, .label = "bob", .uses = 2}));
  ASSERT_TRUE(shared) << shared.error().describe();
  EXPECT_TRUE(shared->access->hash.empty());
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id})));
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id, shared->token + "0"})));
  EXPECT_EQ(part_of(room, {bob, row.id, shared->token}, "document.json"), R"({"n":1})");
  const auto view = room.run(room->get({bob, row.id, shared->token}));
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->own);
  EXPECT_TRUE(view->accesses.empty()) << "tokens are the owner's to see";
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id, shared->token})));
  const auto own = room.run(room->get({ada, row.id}));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->accesses.at(0).uses, 2u);
  EXPECT_EQ(std::ranges::count(room.recorded, "opened by bob"), 2);
}

TEST_F(SnapshotsTest, ATokenEndsAndIsRevoked) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  const Sharing wanted{.visibility = Visibility::Token, .expires = std::chrono::seconds{60}};
  const auto first = room.run(room->share(ada, row.id, wanted)), second = room.run(room->share(ada, row.id, {.visibility = Visibility::Token}));
  ASSERT_TRUE(first && second);
  DONE(room.run(room->get({bob, row.id, first->token})));
  room.clock.advance(std::chrono::seconds{60});
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id, first->token})));
  DONE(room.run(room->get({bob, row.id, second->token})));
  DONE(room.run(room->unshare(ada, row.id, second->access->id)));
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id, second->token})));
  DONE(room.run(room->share(ada, row.id, {})));
  DONE(room.run(room->get({bob, row.id})));
  DONE(room.run(room->unshare(ada, row.id, {})));
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id})));
  REFUSED(Code::InvalidArgument, room.run(room->share(ada, row.id, {.visibility = Visibility::Link, .uses = 1})));
  REFUSED(Code::InvalidArgument, room.run(room->share(ada, row.id, {.visibility = Visibility::Owner})));
}

TEST_F(SnapshotsTest, WhatIsNotHisLooksUnknownAndIsRecorded) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  const auto unknown = crypto::new_id<SnapshotId>();
  const auto mine = room.run(room->get({bob, row.id})), none = room.run(room->get({bob, unknown}));
  ASSERT_FALSE(mine || none);
  EXPECT_EQ(mine.error().describe(), none.error().describe());
  REFUSED(Code::NotFound, room.run(room->share(bob, row.id, {})));
  REFUSED(Code::NotFound, room.run(room->unshare(bob, row.id, {})));
  REFUSED(Code::NotFound, room.run(room->remove(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->scan(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->verify(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->derive(bob, row.id, {})));
  REFUSED(Code::NotFound, room.run(room->copy({bob, row.id}, "")));
  REFUSED(Code::NotFound, room.run(room->visit({bob, row.id})));
  REFUSED(Code::NotFound, room.run(room->bundle({bob, row.id})));
  REFUSED(Code::NotFound, room.run(room->create(bob, {.session = SessionId::parse(row.session).value()})));
  EXPECT_EQ(room.refused.size(), 11u);
  EXPECT_EQ(std::ranges::count(room.refused, unknown.str()), 1);
}

TEST_F(SnapshotsTest, SecretsAreFoundBeforeItIsSharedAndCanBeLeftOut) {
  Room room(home_.path());
  const auto session = session_in(room, R"({"notes":[],"x":")" + secret + R"("})");
  DONE(room.run(room.sessions().append(ada, session, store::SessionLog::Usage, "1", json(R"({"key":")" + secret + R"("})"))));
  const auto row = snapshot_in(room, session);
  const auto found = room.run(room->scan(ada, row.id));
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->findings.size(), 2u);
  EXPECT_EQ(found->findings[1].part, "logs/usage.jsonl");
  const auto refused = room.run(room->share(ada, row.id, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::FailedPrecondition);
  EXPECT_EQ(refused.error().facts, (std::vector<std::pair<std::string, std::string>>{{"findings", "2"}}));
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id})));
  const auto less = room.run(room->derive(ada, row.id, {.leave_out = {"logs/"}, .mask = true}));
  ASSERT_TRUE(less) << less.error().describe();
  EXPECT_EQ(part_of(room, {ada, less->row.id}, "document.json"), R"({"notes":[],"x":")" + std::string(secret.size(), '*') + R"("})");
  EXPECT_EQ(less->row.parts, 1u);
  DONE(room.run(room->share(ada, less->row.id, {})));
  REFUSED(Code::InvalidArgument, room.run(room->derive(ada, row.id, {.leave_out = {"logs/other.jsonl"}})));
  REFUSED(Code::InvalidArgument, room.run(room->derive(ada, row.id, {.leave_out = {"../logs"}})));
  DONE(room.run(room->share(ada, row.id, {.accept_findings = true})));
  EXPECT_EQ(room.recorded.back(), "shared with findings by ada");
}

TEST_F(SnapshotsTest, ACopyIsASessionOfWhoCopies) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  DONE(room.run(room->share(ada, row.id, {})));
  const auto made = room.run(room->copy({bob, row.id}, "Mine"));
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->row.title, "Mine");
  EXPECT_EQ(room.run(room.sessions().get("bob", made->row.id))->bytes, R"({"n":1})");
  Who again = ada;
  again.once = "k";
  const auto one = room.run(room->copy({again, row.id}, "")), same = room.run(room->copy({again, row.id}, ""));
  ASSERT_TRUE(one && same);
  EXPECT_EQ(one->row.id, same->row.id);
  const auto empty = snapshot_in(room, session_in(room), {.leave_out = {"document.json"}});
  REFUSED(Code::FailedPrecondition, room.run(room->copy({ada, empty.id}, "")));
}

TEST_F(SnapshotsTest, ARepeatedRequestMakesOne) {
  Room room(home_.path());
  const auto session = session_in(room);
  Who once = ada;
  once.once = "k1";
  const auto first = room.run(room->create(once, {.session = session})), again = room.run(room->create(once, {.session = session}));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->row.id, again->row.id);
  REFUSED(Code::FailedPrecondition, room.run(room->create(once, {.session = session, .title = "Other"})));
  DONE(room.run(room->remove(ada, first->row.id)));
  REFUSED(Code::FailedPrecondition, room.run(room->create(once, {.session = session})));
}

TEST_F(SnapshotsTest, RemovingIsAJobThatMayRunTwice) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  DONE(room.run(room->share(ada, row.id, {})));
  DONE(room.run(room->visit({bob, row.id})));
  DONE(room.run(room->remove(ada, row.id)));
  DONE(room.run(room->remove(ada, row.id)));  // it goes already
  REFUSED(Code::NotFound, room.run(room->get({bob, row.id})));
  REFUSED(Code::NotFound, room.run(room->get({ada, row.id})));
  EXPECT_TRUE(room.run(room->list({.owner = "ada"}, "", 20))->rows.empty());
  EXPECT_TRUE(fs::exists(room.dir() / row.id.str()));
  room.restart();
  run_removals(room);
  run_removals(room);
  EXPECT_TRUE(fs::is_empty(room.dir()));
  REFUSED(Code::NotFound, room.run(room->remove(ada, row.id)));
  const auto visits = room.run(room->visits({.visitor = "bob"}, "", 20));
  ASSERT_TRUE(visits);
  EXPECT_TRUE(visits->rows.at(0).gone);
}

TEST_F(SnapshotsTest, VisitsAreCountedOncePerSpan) {
  Room room(home_.path());
  const auto row = snapshot_in(room, session_in(room));
  DONE(room.run(room->share(ada, row.id, {})));
  EXPECT_TRUE(room.run(room->visit({bob, row.id}))->visited.counted);
  EXPECT_FALSE(room.run(room->visit({bob, row.id}))->visited.counted);
  EXPECT_FALSE(room.run(room->visit({ada, row.id}))->visited.counted) << "its owner is no visitor";
  room.clock.advance(std::chrono::minutes{5});
  EXPECT_TRUE(room.run(room->visit({bob, row.id}))->visited.counted);
  DONE(room.run(room->get({bob, row.id})));
  EXPECT_EQ(room.run(room->get({ada, row.id}))->visits.visits, 2u);
  EXPECT_EQ(room.run(room->visits({.visitor = "bob"}, "", 20))->rows.size(), 1u);
  DONE(room.run(room->hide_visit(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->hide_visit(bob, row.id)));
  EXPECT_TRUE(room.run(room->visits({.visitor = "bob"}, "", 20))->rows.empty());
  EXPECT_EQ(room.run(room->get({ada, row.id}))->visits.visitors, 1u);
}

TEST_F(SnapshotsTest, PagesGoOnWhereTheyEndedAndNowhereElse) {
  Room room(home_.path());
  const auto session = session_in(room);
  for (const char* title : {"c", "A", "b"}) snapshot_in(room, session, {.title = title});
  const store::SnapshotFilter filter{.owner = "ada", .order = store::SnapshotOrder::Title, .direction = store::Direction::Up};
  std::string seen, after;
  do {
    const auto page = room.run(room->list(filter, after, 1));
    ASSERT_TRUE(page) << page.error().describe();
    for (const auto& row : page->rows) seen += row.title;
    after = page->next;
  } while (!after.empty());
  EXPECT_EQ(seen, "Abc");
  const auto next = room.run(room->list(filter, "", 1))->next;
  REFUSED(Code::InvalidArgument, room.run(room->list({.owner = "bob"}, next, 1)));
  REFUSED(Code::InvalidArgument, room.run(room->list(filter, "0" + next.substr(1), 1)));
  REFUSED(Code::InvalidArgument, room.run(room->visits({.visitor = "ada"}, next, 1)));
}

TEST_F(SnapshotsTest, LimitsOfAnOwnerHold) {
  Room room(home_.path(), {.stored = 2});
  const auto session = session_in(room);
  snapshot_in(room, session);
  const auto second = room.run(room->create(ada, {.session = session}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->warning, "2 of 2 snapshots are used.");
  REFUSED(Code::ResourceExhausted, room.run(room->create(ada, {.session = session})));
}

TEST_F(SnapshotsTest, OneThatIsTooLargeLeavesNothing) {
  Room room(home_.path(), {.one_bytes = 1000});
  REFUSED(Code::TooLarge, room.run(room->create(ada, {.session = session_in(room, R"({"x":")" + std::string(2000, 'x') + R"("})")})));
  EXPECT_TRUE(fs::is_empty(room.dir()));
  EXPECT_TRUE(room.run(room->list({.owner = "ada"}, "", 20))->rows.empty());
  EXPECT_EQ(room.recorded.back(), "failed by ada");
}

TEST_F(SnapshotsTest, ADamagedOneIsKeptAndMarked) {
  Room room(home_.path());
  const auto session = session_in(room);
  const auto row = snapshot_in(room, session), good = snapshot_in(room, session);
  for (const auto& entry : fs::directory_iterator(room.dir() / row.id.str()))
    if (entry.path().filename() == "manifest") fs::resize_file(entry.path(), entry.file_size() - 1);
  REFUSED(Code::RecordDamaged, room.run(room->get({ada, row.id})));
  REFUSED(Code::RecordDamaged, room.run(room->verify(ada, row.id)));
  EXPECT_TRUE(fs::exists(room.dir() / row.id.str()));
  const auto listed = room.run(room->list({.owner = "ada", .state = SnapshotState::Damaged}, "", 20));
  ASSERT_EQ(listed->rows.size(), 1u);
  EXPECT_EQ(part_of(room, {ada, good.id}, "document.json"), R"({"n":1})");
}

// The bundle of one home comes into another through a pipe, as it does from a connection.
Result<Received> bring(Room& room, const std::string& bytes, const std::string& title = {}) {
  TRY_ASSIGN(auto pipe, os::make_pipe());
  std::jthread sender([write = std::move(pipe.write), &bytes] { (void)os::write_all(write.get(), bytes); });
  return room.run(room->receive(bob, std::make_shared<UniqueFd>(std::move(pipe.read)), title));
}

TEST_F(SnapshotsTest, AnExportIsTakenInElsewhereAndNothingElseIs) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  Room here(home_.path() / "here"), there(home_.path() / "there");
  const auto session = session_in(here);
  DONE(here.run(here.sessions().append(ada, session, store::SessionLog::Usage, "1", json(R"({"x":")" + std::string(500'000, 'x') + R"("})"))));
  const auto row = snapshot_in(here, session);
  const auto outgoing = here.run(here->bundle({ada, row.id}));
  ASSERT_TRUE(outgoing) << outgoing.error().describe();
  const std::string bytes = all_of(outgoing->next);
  const auto received = bring(there, bytes);
  ASSERT_TRUE(received) << received.error().describe();
  EXPECT_EQ(received->row.title, "Plan");
  EXPECT_EQ(received->row.owner, "bob");
  EXPECT_EQ(received->row.manifest, row.manifest);
  EXPECT_NE(received->said.find("that you do not know"), std::string::npos) << received->said;
  EXPECT_EQ(part_of(there, {bob, received->row.id}, "document.json"), R"({"n":1})");
  ASSERT_TRUE(os::durable_write(home_.path() / "there" / "known_signers", received->signer.key + " office\n"));
  EXPECT_NE(bring(there, bytes, "Again")->said.find("office"), std::string::npos);
  here.restart();
  EXPECT_EQ(bring(there, all_of(here.run(here->bundle({ada, row.id}))->next))->signer.key, received->signer.key) << "the key is made once";
  const auto count = std::distance(fs::directory_iterator(there.dir()), fs::directory_iterator{});
  for (const auto& bad : {bytes.substr(0, bytes.size() / 2), std::string("no bundle"), bytes + "x"}) REFUSED(Code::InvalidArgument, bring(there, bad));
  EXPECT_EQ(std::distance(fs::directory_iterator(there.dir()), fs::directory_iterator{}), count);
}

// A child makes one, and is killed before a step of it; the witness is what it had said by then.
TEST_F(SnapshotsTest, KilledBetweenAnyTwoStepsItIsThereWholeOrNotAtAll) {
  SessionId session = crypto::new_id<SessionId>();
  {
    Room room(home_.path());
    session = session_in(room);
  }
  int ready = 0;
  for (int steps = 0;; ++steps) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::atomic<int> left = steps;
      Room room(home_.path(), {.stored = 1000}, [&](std::string_view) {
        if (left-- == 0) (void)kill(getpid(), SIGKILL);
      });
      const auto made = room.run(room->create(ada, {.session = session}));
      _exit(made ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const bool acknowledged = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    Room room(home_.path());
    const auto listed = room.run(room->list({.owner = "ada"}, "", 100));
    ASSERT_TRUE(listed);
    for (const auto& row : listed->rows) {
      ASSERT_EQ(row.state, SnapshotState::Ready) << "killed before step " << steps;
      DONE(room.run(room->verify(ada, row.id)));
    }
    ready = static_cast<int>(listed->rows.size());
    ASSERT_EQ(std::distance(fs::directory_iterator(room.dir()), fs::directory_iterator{}), ready) << "killed before step " << steps;
    if (acknowledged) break;
    ASSERT_EQ(ready, 0) << "its row is Ready after the last step alone";
  }
  EXPECT_EQ(ready, 1);
}

}  // namespace
}  // namespace berth::snapshots
