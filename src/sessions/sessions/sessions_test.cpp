#include "sessions/sessions.hpp"

#include <random>

#include "document/patch.hpp"
#include "sessions/sessions_testing.hpp"

namespace berth::sessions {
namespace {

using store::SessionRow;
using testing::Room;

const Who ada{.owner = "ada", .key = "key_a", .client = "tab 1"};
const Who bob{.owner = "bob", .key = "key_b", .client = ""};

Who keyed(Who who, std::string once) {
  who.once = std::move(once);
  return who;
}

document::Value json(std::string_view text) { return document::parse(text, {.bytes = 64 << 20}).value(); }

#define DONE(...) \
  do { const auto done_result = (__VA_ARGS__); ASSERT_TRUE(done_result) << done_result.error().describe(); } while (false)
#define REFUSED(expected, ...)                                       \
  do {                                                               \
    const auto refused_result = (__VA_ARGS__);                       \
    ASSERT_FALSE(refused_result) << "succeeded: " #__VA_ARGS__;      \
    EXPECT_EQ(refused_result.error().code, expected) << refused_result.error().describe(); \
  } while (false)

class SessionsTest : public ::testing::Test {
 protected:
  SessionRow made(Room& room, std::string_view text = "{}", const Who& who = ada) {
    const auto result = room.run(room->create(who, {.title = "Plan", .description = {}, .tags = {}, .document = json(text),
                                                    .sandbox = sandbox_}));
    EXPECT_TRUE(result) << result.error().describe();
    return result->row;
  }
  static std::string bytes(Room& room, const SessionId& id, std::optional<std::uint64_t> version = {}) {
    const auto content = room.run(room->get("ada", id, version));
    return content ? content->bytes : content.error().describe();
  }
  static void sql(Room& room, const std::string& statement) { testing::tamper(room.home(), statement); }
  std::string sandbox_;
};

TEST_F(SessionsTest, ADocumentComesBackByteForByte) {
  Room room;
  const auto row = made(room, R"({"z":1.50,"a":["é",{"schema":1}],"todos":[]})");
  EXPECT_EQ(row.version, 1u);
  EXPECT_EQ(bytes(room, row.id), R"({"a":["é",{"schema":1}],"todos":[],"z":1.5})");
  room.restart();
  EXPECT_EQ(bytes(room, row.id), R"({"a":["é",{"schema":1}],"todos":[],"z":1.5})");
  const auto next = room.run(room->patch(ada, row.id, 1, PatchForm::JsonPatch, json(R"([{"op":"add","path":"/n","value":2}])")));
  ASSERT_TRUE(next) << next.error().describe();
  EXPECT_EQ(next->version, 2u);
  DONE(room.run(room->patch(ada, row.id, 2, PatchForm::MergePatch, json(R"({"a":null,"z":{"y":1}})"))));
  const std::string expected = R"({"n":2,"todos":[],"z":{"y":1}})";
  EXPECT_EQ(bytes(room, row.id), expected);
  room.restart();
  EXPECT_EQ(bytes(room, row.id), expected);
  EXPECT_EQ(bytes(room, row.id, 1), R"({"a":["é",{"schema":1}],"todos":[],"z":1.5})");
  EXPECT_EQ(room.recorded, (std::vector<std::string>{"created", "patched", "patched"}));
}

TEST_F(SessionsTest, AStaleChangeIsRefusedWithTheNewestVersion) {
  Room room;
  const auto row = made(room);
  DONE(room.run(room->replace({.owner = "ada", .key = "key_x", .client = "phone"}, row.id, 1, json(R"({"a":1})"))));
  const auto refused = room.run(room->replace(ada, row.id, 1, json(R"({"b":1})")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Stale);
  std::map<std::string, std::string> facts(refused.error().facts.begin(), refused.error().facts.end());
  EXPECT_EQ(facts["version"], "2");
  EXPECT_EQ(facts["changed_by"], "key_x");
  EXPECT_EQ(facts["client"], "phone");
  EXPECT_FALSE(facts["updated_ns"].empty());
  REFUSED(Code::Stale, room.run(room->patch(ada, row.id, 1, PatchForm::MergePatch, json("{}"))));
  REFUSED(Code::Stale, room.run(room->rename(ada, row.id, 9, {.title = "x", .description = {}, .tags = {}})));
  DONE(room.run(room->replace(ada, row.id, {}, json(R"({"c":1})"))));
  EXPECT_EQ(bytes(room, row.id), R"({"c":1})");
}

TEST_F(SessionsTest, APatchThatDoesNotApplyChangesNothing) {
  Room room;
  const auto row = made(room, R"({"a":[1,2]})");
  for (const char* patch : {R"([{"op":"remove","path":"/a/0"},{"op":"remove","path":"/nothing"}])",
                            R"([{"op":"add","path":"/todos","value":5}])", R"([{"op":"add","path":"","value":[]}])",
                            R"([{"op":"add","path":"/schema","value":9}])"})
    EXPECT_FALSE(room.run(room->patch(ada, row.id, 1, PatchForm::JsonPatch, json(patch)))) << patch;
  EXPECT_EQ(bytes(room, row.id), R"({"a":[1,2]})");
  EXPECT_EQ(room.run(room->describe("ada", row.id))->version, 1u);
}

TEST_F(SessionsTest, SizesAndDepthAreLimited) {
  Room room({.document_bytes = 1000, .entry_bytes = 100});
  const auto row = made(room);
  const std::string big = R"({"a":")" + std::string(1000, 'x') + "\"}";
  const auto refused = room.run(room->replace(ada, row.id, 1, json(big)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The document has 1008 bytes; the limit is 1000.");
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = R"({"a":)" + deep + "}";
  std::string path;
  for (int i = 0; i < 40; ++i) path += "/a";
  DONE(room.run(room->replace(ada, row.id, 1, json(deep))));
  REFUSED(Code::InvalidArgument, room.run(room->patch(ada, row.id, 2, PatchForm::JsonPatch,
                                                      json(R"([{"op":"copy","from":"","path":")" + path + R"("}])"))));
  REFUSED(Code::TooLarge, room.run(room->append(ada, row.id, store::SessionLog::Prompts, "1", json(R"({"t":")" + std::string(100, 'x') + "\"}"))));
}

TEST_F(SessionsTest, AnothersSessionLooksLikeNone) {
  Room room;
  const auto row = made(room);
  const auto stranger = room.run(room->get("bob", row.id));
  const auto unknown = room.run(room->get("bob", SessionId::parse("ses_" + std::string(26, '0')).value()));
  ASSERT_FALSE(stranger || unknown);
  EXPECT_EQ(stranger.error().message, unknown.error().message);
  EXPECT_EQ(stranger.error().code, Code::NotFound);
  REFUSED(Code::NotFound, room.run(room->replace(bob, row.id, {}, json("{}"))));
  REFUSED(Code::NotFound, room.run(room->remove(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->append(bob, row.id, store::SessionLog::Prompts, "1", json("{}"))));
  REFUSED(Code::NotFound, room.run(room->entries("bob", row.id, store::SessionLog::Prompts, 0, 10)));
  REFUSED(Code::NotFound, room.run(room->history("bob", row.id, 0, 10)));
  REFUSED(Code::NotFound, room.run(room->close(bob, row.id)));
  REFUSED(Code::NotFound, room.run(room->copy(bob, row.id, "x")));
}

TEST_F(SessionsTest, ACreateHappensOncePerKey) {
  Room room;
  const NewSession wanted{.title = "A", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}};
  const auto first = room.run(room->create(keyed(ada, "k"), wanted));
  const auto again = room.run(room->create(keyed(ada, "k"), wanted));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->row.id, again->row.id);
  NewSession other = wanted;
  other.title = "B";
  REFUSED(Code::FailedPrecondition, room.run(room->create(keyed(ada, "k"), other)));
  EXPECT_NE(room.run(room->create(keyed(bob, "k"), wanted))->row.id, first->row.id);
}

TEST_F(SessionsTest, AChangeHappensOncePerKey) {
  Room room;
  const auto row = made(room, R"({"a":1})");
  const auto set = [&](const Who& who, std::uint64_t from, const char* a) {
    return room.run(room->patch(who, row.id, from, PatchForm::MergePatch, json(a)));
  };
  EXPECT_EQ(set(keyed(ada, "one"), 1, R"({"a":2})")->version, 2u);
  EXPECT_EQ(set(ada, 2, R"({"a":3})")->version, 3u);
  room.restart();
  EXPECT_EQ(set(keyed(ada, "one"), 1, R"({"a":2})")->version, 2u);  // repeated: the answer was lost
  EXPECT_EQ(bytes(room, row.id), R"({"a":3})");
  REFUSED(Code::Stale, set(keyed(ada, "two"), 1, R"({"a":4})"));
  EXPECT_EQ(set(keyed(ada, "two"), 3, R"({"a":4})")->version, 4u);  // what was refused may be carried out under its key
  EXPECT_EQ(room.run(room->replace(keyed(ada, "three"), row.id, 4, json(R"({"b":1})")))->version, 5u);
  EXPECT_EQ(room.run(room->replace(keyed(ada, "three"), row.id, 4, json(R"({"b":1})")))->version, 5u);
  const auto other = made(room);
  REFUSED(Code::AlreadyExists, room.run(room->replace(keyed(ada, "three"), other.id, 1, json("{}"))));
  REFUSED(Code::FailedPrecondition, room.run(room->replace(keyed(ada, "three"), other.id, 9, json("{}"))));
  EXPECT_EQ(bytes(room, row.id), R"({"b":1})");
}

TEST_F(SessionsTest, OwnersHaveLimitsAndAreWarned) {
  Room room({.active = 5, .stored = 6});
  std::vector<SessionRow> rows;
  for (int i = 0; i < 5; ++i) {
    const auto result = room.run(room->create(ada, {.title = "x", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}}));
    ASSERT_TRUE(result) << result.error().describe();
    rows.push_back(result->row);
    EXPECT_EQ(result->warning.empty(), i < 3) << result->warning;
  }
  const NewSession one{.title = "x", .description = {}, .tags = {}, .document = json("{}"), .sandbox = {}};
  const auto refused = room.run(room->create(ada, one));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "You have 5 active sessions; the limit is 5.");
  DONE(room.run(room->close(ada, rows[0].id)));
  DONE(room.run(room->create(ada, one)));
  REFUSED(Code::ResourceExhausted, room.run(room->resume(ada, rows[0].id)));
  DONE(room.run(room->close(ada, rows[1].id)));
  REFUSED(Code::ResourceExhausted, room.run(room->create(ada, one)));
  DONE(room.run(room->resume(ada, rows[0].id)));
  EXPECT_EQ(room.run(room->clean_up(ada, {.before = {}, .keep = 0, .dry_run = true}))->size(), 1u);
  DONE(room.run(room->describe("ada", rows[1].id)));
  EXPECT_EQ(room.run(room->clean_up(ada, {.before = {}, .keep = 0, .dry_run = false}))->size(), 1u);
  REFUSED(Code::NotFound, room.run(room->describe("ada", rows[1].id)));
}

TEST_F(SessionsTest, ChangesAreFoldedAndTheLastVersionsStayReadable) {
  Room room({.versions = 20, .changes = 8});
  const auto row = made(room);
  std::vector<std::string> expected = {"", "{}"};
  for (std::uint64_t v = 1; v < 60; ++v) {
    DONE(room.run(room->patch(ada, row.id, v, PatchForm::MergePatch, json("{\"n\":" + std::to_string(v) + "}"))));
    expected.push_back("{\"n\":" + std::to_string(v) + "}");
  }
  room.restart();
  for (std::uint64_t v = 41; v <= 60; ++v) EXPECT_EQ(bytes(room, row.id, v), expected[v]) << v;
  REFUSED(Code::NotFound, room.run(room->get("ada", row.id, 40)));
  REFUSED(Code::NotFound, room.run(room->get("ada", row.id, 61)));
  REFUSED(Code::NotFound, room.run(room->get("ada", row.id, 0)));
  const auto kept = room.run(room.store().read([id = row.id](store::Reader& r) { return r.session_history(id, 0, 1000); }));
  EXPECT_LT(kept->size(), 40u) << "what nobody can read is gone";
  EXPECT_EQ(room.run(room->history("ada", row.id, 0, 1000))->size(), 20u);
  DONE(room.run(room->restore(ada, row.id, 60, 45)));
  EXPECT_EQ(bytes(room, row.id), expected[45]);
  EXPECT_EQ(*room.run(room->difference("ada", row.id, 60, 61)), R"([{"op":"replace","path":"/n","value":44}])");
}

TEST_F(SessionsTest, ADamagedRecordIsRefusedKeptAndMarked) {
  Room room;
  const auto good = made(room, R"({"ok":1})");
  const auto bad = made(room, R"({"ok":2})");
  DONE(room.run(room->patch(ada, bad.id, 1, PatchForm::MergePatch, json(R"({"x":1})"))));
  DONE(room.run(room->patch(ada, bad.id, 2, PatchForm::MergePatch, json(R"({"x":2})"))));
  const auto sabotages = {
      "UPDATE session_revisions SET sealed = CAST(substr(sealed, 1, 28) || x'00000000' || substr(sealed, 33) AS BLOB) WHERE version = 2",
      "UPDATE session_revisions SET sealed = substr(sealed, 1, 20) WHERE version = 1 AND session = '" ,
      "DELETE FROM session_revisions WHERE version = 2", "DELETE FROM session_revisions WHERE version = 3"};
  int at = 0;
  for (std::string sabotage : sabotages) {
    SCOPED_TRACE(sabotage);
    if (sabotage.ends_with("'")) sabotage += bad.id.str() + "'";
    sql(room, "CREATE TABLE kept" + std::to_string(at) + " AS SELECT * FROM session_revisions");
    sql(room, sabotage);
    room.restart();
    REFUSED(Code::RecordDamaged, room.run(room->get("ada", bad.id)));
    REFUSED(Code::RecordDamaged, room.run(room->patch(ada, bad.id, 3, PatchForm::MergePatch, json("{}"))));
    EXPECT_EQ(bytes(room, good.id), R"({"ok":1})");
    const auto list = room.run(room->list({.owner = "ada"}, "", 100));
    ASSERT_TRUE(list);
    ASSERT_EQ(list->rows.size(), 2u);
    for (const auto& row : list->rows) EXPECT_EQ(row.damaged, row.id == bad.id);
    sql(room, "DELETE FROM session_revisions; INSERT INTO session_revisions SELECT * FROM kept" + std::to_string(at++));
    room.restart();
    EXPECT_EQ(bytes(room, bad.id), R"({"ok":2,"x":2})") << "nothing was changed by looking";
  }
  sql(room, "UPDATE session_revisions SET session = '" + good.id.str() + "', version = 2 WHERE session = '" + bad.id.str() + "' AND version = 2");
  sql(room, "UPDATE sessions SET version = 2 WHERE id = '" + good.id.str() + "'");
  room.restart();
  REFUSED(Code::RecordDamaged, room.run(room->get("ada", good.id)));
  DONE(room.run(room->remove(ada, bad.id)));
}

TEST_F(SessionsTest, AKeyThatRecordsNeedIsNeverMadeAnew) {
  Room room;
  const auto row = made(room, R"({"a":1})");
  std::filesystem::rename(room.home() / "keys", room.home() / "away");
  REFUSED(Code::NotFound, room.run(room->open()));
  EXPECT_FALSE(std::filesystem::exists(room.home() / "keys"));
  std::filesystem::rename(room.home() / "away", room.home() / "keys");
  DONE(room.run(room->open()));
  EXPECT_EQ(bytes(room, row.id), R"({"a":1})");
}

TEST_F(SessionsTest, NothingOfADocumentIsReadableAtRest) {
  Room room;
  const auto row = made(room, R"({"notes":[{"id":"n","text":"the harbour is empty at dawn"}]})");
  DONE(room.run(room->append(ada, row.id, store::SessionLog::Prompts, "1", json(R"({"text":"the harbour is empty at dawn"})"))));
  room.store().close();
  for (const auto& file : std::filesystem::directory_iterator(room.home())) {
    if (!file.is_regular_file()) continue;
    EXPECT_EQ(os::read_file(file.path(), 1 << 28)->find("harbour"), std::string::npos) << file.path();
  }
}

TEST_F(SessionsTest, ResumeChecksItsWorkspaceBeforeAndAfter) {
  sandbox_ = "sbx_1";
  Room room;
  const auto row = made(room);
  const store::WorkspaceMark right{.device = 1, .inode = 2, .owner = 3, .mode = 0700};
  DONE(room.run(room->close(ada, row.id)));
  REFUSED(Code::FailedPrecondition, room.run(room->close(ada, row.id)));
  for (const auto& wrong : {store::WorkspaceMark{9, 2, 3, 0700}, {1, 9, 3, 0700}, {1, 2, 9, 0700}, {1, 2, 3, 0777}}) {
    room.workspace = [wrong](const std::string&) { return wrong; };
    REFUSED(Code::FailedPrecondition, room.run(room->resume(ada, row.id)));
    int calls = 0;
    room.workspace = [&calls, wrong, right](const std::string&) { return ++calls == 1 ? right : wrong; };
    REFUSED(Code::FailedPrecondition, room.run(room->resume(ada, row.id)));
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(room.run(room->describe("ada", row.id))->state, store::SessionState::Closed);
  }
  room.workspace = [](const std::string&) -> Result<store::WorkspaceMark> { return fail(Code::NotFound, "gone"); };
  REFUSED(Code::FailedPrecondition, room.run(room->resume(ada, row.id)));
  room.workspace = [right](const std::string&) { return right; };
  auto one = room.begin(room->resume(ada, row.id)), two = room.begin(room->resume(ada, row.id));
  const auto first = one.get(), second = two.get();
  EXPECT_NE(first.has_value(), second.has_value());
  EXPECT_EQ((first ? second : first).error().message, "The session is active already.");
}

TEST_F(SessionsTest, LogsAppendOncePerIdInOrder) {
  Room room;
  const auto row = made(room);
  const auto append = [&](std::string id, std::string text) {
    return room.run(room->append(ada, row.id, store::SessionLog::Conversation, id, json(R"({"role":"user","content":")" + text + "\"}")));
  };
  for (int i = 0; i < 20; ++i) EXPECT_EQ(append("m" + std::to_string(i), "t" + std::to_string(i))->offset, static_cast<std::uint64_t>(i));
  const auto again = append("m7", "t7");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->again && again->offset == 7);
  REFUSED(Code::FailedPrecondition, append("m7", "another"));
  REFUSED(Code::InvalidArgument, append("", "x"));
  REFUSED(Code::InvalidArgument, append("a b", "x"));
  REFUSED(Code::InvalidArgument, room.run(room->append(ada, row.id, store::SessionLog::Conversation, "x", json(R"({"role":"god","content":""})"))));
  REFUSED(Code::InvalidArgument, room.run(room->append(ada, row.id, store::SessionLog::Prompts, "x", json("[]"))));
  EXPECT_EQ(room.run(room->describe("ada", row.id))->version, 1u) << "appending does not touch the document's version";
  room.restart();
  const auto page = room.run(room->entries("ada", row.id, store::SessionLog::Conversation, 5, 3));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->end, 20u);
  ASSERT_EQ(page->entries.size(), 3u);
  EXPECT_EQ(page->entries[0].bytes, R"({"content":"t5","role":"user"})");
  EXPECT_EQ(page->entries[2].offset, 7u);
  sql(room, "UPDATE session_logs SET place = place + 100 WHERE place = 6");
  REFUSED(Code::RecordDamaged, room.run(room->entries("ada", row.id, store::SessionLog::Conversation, 100, 100)));
}

TEST_F(SessionsTest, CursorsAreOfTheirListAndOfNobodyElse) {
  Room room;
  for (int i = 0; i < 5; ++i) made(room);
  made(room, "{}", bob);
  const store::SessionFilter filter{.owner = "ada", .order = store::SessionOrder::Title, .direction = store::Direction::Up};
  const auto page = room.run(room->list(filter, "", 2));
  ASSERT_TRUE(page);
  ASSERT_FALSE(page->next.empty());
  EXPECT_EQ(room.run(room->list(filter, page->next, 100))->rows.size(), 3u);
  auto other = filter;
  other.owner = "bob";
  REFUSED(Code::InvalidArgument, room.run(room->list(other, page->next, 2)));
  other = filter;
  other.order = store::SessionOrder::Created;
  REFUSED(Code::InvalidArgument, room.run(room->list(other, page->next, 2)));
  for (std::size_t at = 0; at < page->next.size(); ++at) {
    std::string forged = page->next;
    forged[at] = forged[at] == '1' ? '2' : '1';
    REFUSED(Code::InvalidArgument, room.run(room->list(filter, forged, 2)));
  }
  REFUSED(Code::InvalidArgument, room.run(room->list(filter, "x", 2)));
}

}  // namespace
}  // namespace berth::sessions
