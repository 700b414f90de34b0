#pragma once
// What every store must do with sessions, as tests: part of the suite of store/contract.hpp.

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

inline SessionRow session_row(std::uint64_t number, std::string title = "t") {
  return {.id = id<SessionId>(number), .owner = "ada", .title = title, .title_key = title, .description = "about\n\0x",
          .tags = {"red", "two words"}, .state = SessionState::Active, .damaged = false, .version = 1, .head = std::string("\0tag", 4),
          .document_bytes = 2, .hash_version = 1, .hash = "h", .sandbox = "",
          .workspace = WorkspaceMark{.device = 1ull << 63 | 5, .inode = 7, .owner = 1000, .mode = 040700}, .changed_by = "socket",
          .client = "tab 1", .created = at(static_cast<std::int64_t>(number)), .updated = at(static_cast<std::int64_t>(1000 - number))};
}
inline RevisionRow revision_row(std::uint64_t session, std::uint64_t version, RevisionKind kind, std::string sealed = "s") {
  return {.session = id<SessionId>(session), .version = version, .kind = kind, .previous = std::string("p\0", 2), .sealed = sealed,
          .what = "patched", .changed_by = "socket", .client = "c", .saved = at(9), .bytes = sealed.size()};
}
inline std::string text_of(const SessionRow& r) {
  std::string out;
  for (const auto& s : {r.id.str(), r.owner, r.title, r.title_key, r.description, r.head, r.hash, r.sandbox, r.changed_by, r.client})
    out += s + '|';
  for (const auto& tag : r.tags) out += tag + ',';
  for (const std::uint64_t n : {r.version, r.document_bytes, r.hash_version, std::uint64_t{r.damaged},
                                static_cast<std::uint64_t>(r.state), static_cast<std::uint64_t>(r.created.time_since_epoch().count()),
                                static_cast<std::uint64_t>(r.updated.time_since_epoch().count())})
    out += std::to_string(n) + '|';
  if (r.workspace) out += std::to_string(r.workspace->device) + ' ' + std::to_string(r.workspace->mode);
  return out;
}

class SessionContract : public StoreContract {
 protected:
  Result<> insert(SessionRow row) {
    return write([row](Unit& u) { return u.insert_session(row); });
  }
  Result<> insert(RevisionRow row) {
    return write([row](Unit& u) { return u.insert_revision(row); });
  }
  std::string titles(SessionFilter filter, std::uint32_t limit = 100) {
    std::string out;
    std::optional<SessionPosition> after;
    filter.owner = filter.owner.empty() ? "ada" : filter.owner;
    do {
      auto page = read([=](Reader& r) { return r.sessions(filter, after, limit); });
      if (!page) return page.error().describe();
      for (const auto& row : page->rows) out += row.title + ' ';
      after = page->next;
    } while (after);
    return out;
  }
  std::string versions(std::uint64_t session, std::uint64_t version) {
    std::string out;
    const auto rows = read([=](Reader& r) { return r.revisions_for(id<SessionId>(session), version); });
    if (!rows) return rows.error().describe();
    for (const auto& row : *rows) out += std::to_string(row.version) + (row.kind == RevisionKind::Change ? " " : "! ");
    return out;
  }
};

TEST_P(SessionContract, RowsComeBackAsTheyWere) {
  SessionRow row = session_row(1);
  EXPECT_DONE(insert(row));
  reopen();
  auto back = read([&](Reader& r) { return r.session(row.id); });
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(text_of(*back), text_of(row));
  row.workspace.reset();
  row.tags.clear();
  row.version = 2;
  row.state = SessionState::Closed;
  EXPECT_DONE(write([row](Unit& u) { return u.update_session(row, 1, SessionState::Active); }));
  EXPECT_CODE(Code::FailedPrecondition, write([row](Unit& u) { return u.update_session(row, 1, SessionState::Active); }));
  EXPECT_CODE(Code::FailedPrecondition, write([row](Unit& u) { return u.update_session(row, 2, SessionState::Active); }));
  EXPECT_DONE(write([row](Unit& u) { return u.mark_session_damaged(row.id); }));
  back = read([&](Reader& r) { return r.session(row.id); });
  ASSERT_TRUE(back);
  row.damaged = true;
  EXPECT_EQ(text_of(*back), text_of(row));
  EXPECT_CODE(Code::AlreadyExists, insert(row));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.session(id<SessionId>(2)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.update_session(session_row(2), 1, SessionState::Active); }));
}

TEST_P(SessionContract, AdvancingChangesWhatAVersionChangesAndNothingElse) {
  SessionRow row = session_row(1);
  EXPECT_DONE(insert(row));
  SessionRow next = row;
  next.title = "not this", next.owner = "nor this", next.state = SessionState::Closed, next.tags = {"nor these"};
  for (SessionRow* both : {&row, &next}) {
    both->version = 2, both->head = std::string("\0tag", 4), both->document_bytes = 77, both->hash = "h", both->hash_version = 2;
    both->changed_by = "key_9", both->client = "tab 9", both->updated += std::chrono::seconds{9};
  }
  EXPECT_DONE(write([next](Unit& u) { return u.advance_session(next, 1, SessionState::Active); }));
  const auto back = read([&](Reader& r) { return r.session(row.id); });
  ASSERT_TRUE(back);
  EXPECT_EQ(text_of(*back), text_of(row));
  EXPECT_CODE(Code::FailedPrecondition, write([next](Unit& u) { return u.advance_session(next, 1, SessionState::Active); }));
  EXPECT_CODE(Code::FailedPrecondition, write([next](Unit& u) { return u.advance_session(next, 2, SessionState::Closed); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.advance_session(session_row(2), 1, SessionState::Active); }));
}

TEST_P(SessionContract, ListsAreOrderedFilteredAndPaged) {
  for (const auto& [number, title] : {std::pair{1u, "b"}, {2u, "a"}, {3u, "b"}, {4u, "c"}, {5u, ""}})
    EXPECT_DONE(insert(session_row(number, title)));
  SessionRow other = session_row(6, "z");
  other.owner = "bob";
  EXPECT_DONE(insert(other));
  for (const std::uint32_t limit : {1u, 2u, 100u}) {
    EXPECT_EQ(titles({.order = SessionOrder::Title, .direction = Direction::Up}, limit), " a b b c ");
    EXPECT_EQ(titles({.order = SessionOrder::Title, .direction = Direction::Down}, limit), "c b b a  ");
    EXPECT_EQ(titles({.order = SessionOrder::Created, .direction = Direction::Up}, limit), "b a b c  ");
    EXPECT_EQ(titles({.order = SessionOrder::Updated, .direction = Direction::Up}, limit), " c b a b ");
    EXPECT_EQ(titles({.order = SessionOrder::Updated, .direction = Direction::Down}, limit), "b a b c  ");
  }
  EXPECT_EQ(titles({.title = "b"}), "b b ");
  EXPECT_EQ(titles({.tag = "two words"}), "b a b c  ");
  EXPECT_EQ(titles({.tag = "two"}), "") << "a tag is whole";
  EXPECT_EQ(titles({.state = SessionState::Closed}), "");
  EXPECT_EQ(titles({.from = at(2), .until = at(4), .order = SessionOrder::Created, .direction = Direction::Up}), "a b ");
  EXPECT_EQ(titles({.owner = "bob"}), "z ");
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.sessions({.owner = "ada"}, {}, 0); }));
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.sessions({.owner = "ada"}, {}, 101); }));
  const auto counts = read([](Reader& r) { return r.session_counts("ada"); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->active, 5u);
  EXPECT_EQ(counts->stored, 5u);
}

TEST_P(SessionContract, APageStaysStableWhileRowsComeAndGo) {
  for (std::uint64_t i = 1; i <= 6; ++i) EXPECT_DONE(insert(session_row(i, std::string(1, static_cast<char>('a' + i)))));
  const SessionFilter filter{.owner = "ada", .order = SessionOrder::Title, .direction = Direction::Up};
  const auto first = read([&](Reader& r) { return r.sessions(filter, {}, 3); });
  ASSERT_TRUE(first && first->next);
  EXPECT_DONE(insert(session_row(9, "a")));
  EXPECT_DONE(write([](Unit& u) { return u.remove_session(id<SessionId>(3)); }));  // the position's own row
  const auto second = read([&](Reader& r) { return r.sessions(filter, first->next, 3); });
  ASSERT_TRUE(second);
  ASSERT_EQ(second->rows.size(), 3u);
  EXPECT_EQ(second->rows.front().title, "e");
  EXPECT_FALSE(second->next);
}

TEST_P(SessionContract, AVersionIsAWholeDocumentAndWhatChangedSince) {
  EXPECT_DONE(insert(revision_row(1, 1, RevisionKind::Whole, std::string("\0w", 2))));
  for (std::uint64_t v = 2; v <= 6; ++v) EXPECT_DONE(insert(revision_row(1, v, RevisionKind::Change)));
  EXPECT_DONE(insert(revision_row(1, 4, RevisionKind::Checkpoint)));
  EXPECT_DONE(insert(revision_row(1, 7, RevisionKind::Whole)));
  EXPECT_DONE(insert(revision_row(2, 1, RevisionKind::Whole)));
  EXPECT_EQ(versions(1, 1), "1! ");
  EXPECT_EQ(versions(1, 3), "1! 2 3 ");
  EXPECT_EQ(versions(1, 4), "4! ");
  EXPECT_EQ(versions(1, 6), "4! 5 6 ");
  EXPECT_EQ(versions(1, 7), "7! ");
  EXPECT_EQ(versions(1, 8), "");
  EXPECT_EQ(versions(3, 1), "");
  EXPECT_CODE(Code::AlreadyExists, insert(revision_row(1, 7, RevisionKind::Change)));
  EXPECT_CODE(Code::AlreadyExists, insert(revision_row(1, 4, RevisionKind::Checkpoint)));
  const auto first = read([](Reader& r) { return r.revisions_for(id<SessionId>(1), 1); });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->front().sealed, std::string("\0w", 2));
  EXPECT_EQ(first->front().previous, std::string("p\0", 2));

  EXPECT_DONE(write([](Unit& u) { return u.prune_revisions(id<SessionId>(1), 5); }));
  EXPECT_EQ(versions(1, 3), "");
  EXPECT_EQ(versions(1, 5), "4! 5 ");
  const auto history = read([](Reader& r) { return r.session_history(id<SessionId>(1), 0, 2); });
  ASSERT_TRUE(history);
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ(history->front().version, 7u);
  EXPECT_EQ(history->front().sealed, "");
  const auto rest = read([](Reader& r) { return r.session_history(id<SessionId>(1), 6, 100); });
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), 2u) << "5 and 4, and no checkpoint";
}

TEST_P(SessionContract, ALogHasOneEntryForEachOfItsClientsIds) {
  const auto entry = [](std::uint64_t offset, std::string client) {
    return LogRow{.session = id<SessionId>(1), .log = SessionLog::Prompts, .offset = offset, .client_id = std::move(client),
                  .sealed = std::string("\0e", 2), .appended = at(3)};
  };
  EXPECT_EQ(read([](Reader& r) { return r.log_end(id<SessionId>(1), SessionLog::Prompts); }), 0u);
  for (std::uint64_t i = 0; i < 5; ++i)
    EXPECT_DONE(write([row = entry(i, "c" + std::to_string(i))](Unit& u) { return u.insert_log_entry(row); }));
  EXPECT_CODE(Code::AlreadyExists, write([row = entry(5, "c3")](Unit& u) { return u.insert_log_entry(row); }));
  EXPECT_CODE(Code::AlreadyExists, write([row = entry(3, "c9")](Unit& u) { return u.insert_log_entry(row); }));
  EXPECT_EQ(read([](Reader& r) { return r.log_end(id<SessionId>(1), SessionLog::Prompts); }), 5u);
  EXPECT_EQ(read([](Reader& r) { return r.log_end(id<SessionId>(1), SessionLog::Usage); }), 0u);
  const auto page = read([](Reader& r) { return r.log_entries(id<SessionId>(1), SessionLog::Prompts, 3, 10); });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ(page->front().offset, 3u);
  EXPECT_EQ(page->front().sealed, std::string("\0e", 2));
  const auto known = read([](Reader& r) { return r.log_entry_of(id<SessionId>(1), SessionLog::Prompts, "c4"); });
  ASSERT_TRUE(known && *known);
  EXPECT_EQ((*known)->offset, 4u);
}

TEST_P(SessionContract, RemovingASessionTakesWhatBelongsToIt) {
  EXPECT_DONE(insert(session_row(1)));
  EXPECT_DONE(insert(revision_row(1, 1, RevisionKind::Whole)));
  EXPECT_DONE(write([](Unit& u) {
    return u.insert_log_entry({.session = id<SessionId>(1), .client_id = "c", .sealed = "s", .appended = at(1)});
  }));
  EXPECT_DONE(write([](Unit& u) { return u.remove_session(id<SessionId>(1)); }));
  EXPECT_EQ(versions(1, 1), "");
  EXPECT_EQ(read([](Reader& r) { return r.log_end(id<SessionId>(1), SessionLog::Conversation); }), 0u);
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.remove_session(id<SessionId>(1)); }));
}

TEST_P(SessionContract, IdempotencyKeysAreKeptAndForgotten) {
  const auto put = [&](std::string key, std::int64_t made, std::int64_t forget) {
    return write([=](Unit& u) {
      return u.put_idempotency({.owner = "ada", .key = key, .request = "r", .result = "x", .made = at(made)}, at(forget));
    });
  };
  EXPECT_DONE(put("one", 10, 0));
  EXPECT_CODE(Code::AlreadyExists, put("one", 11, 0));
  EXPECT_DONE(put("two", 20, 15));
  const auto gone = read([](Reader& r) { return r.idempotency("ada", "one"); });
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
  const auto kept = read([](Reader& r) { return r.idempotency("ada", "two"); });
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->result, "x");
  EXPECT_FALSE(*read([](Reader& r) { return r.idempotency("bob", "two"); }));
}

}  // namespace berth::store::contract
