#pragma once
// What every store must do with snapshots, their tokens and visits, as tests: part of the suite of store/contract.hpp.

#include <future>

#include "store/contract_fixture.hpp"

namespace berth::store::contract {

inline SnapshotRow snapshot_row(std::uint64_t number, std::string title = "t") {
  return {.id = id<SnapshotId>(number), .owner = "ada", .title = title, .title_key = title, .description = "about\n\0x",
          .tags = {"red", "two words"}, .state = SnapshotState::Creating, .visibility = Visibility::Token, .session = "ses_1",
          .version = 7, .bytes = 1ull << 40, .parts = 3, .manifest = "m", .created = at(static_cast<std::int64_t>(number))};
}
inline std::string text_of(const SnapshotRow& r) {
  std::string out;
  for (const auto& s : {r.id.str(), r.owner, r.title, r.title_key, r.description, r.session, r.manifest}) out += s + '|';
  for (const auto& tag : r.tags) out += tag + ',';
  for (const std::uint64_t n : {static_cast<std::uint64_t>(r.state), static_cast<std::uint64_t>(r.visibility), r.version, r.bytes,
                                r.parts, static_cast<std::uint64_t>(r.created.time_since_epoch().count())})
    out += std::to_string(n) + '|';
  return out;
}
inline std::string text_of(const VisitRow& r) {
  std::string out = r.visitor + '|' + r.title + '|' + std::to_string(r.count);
  for (const WallTime t : {r.first, r.last, r.counted}) out += '|' + std::to_string(t.time_since_epoch().count());
  return out + (r.gone ? "|gone" : "");
}

class SnapshotContract : public StoreContract {
 protected:
  Result<> insert(SnapshotRow row) {
    return write([row](Unit& u) { return u.insert_snapshot(row); });
  }
  Result<> insert(AccessRow row) {
    return write([row](Unit& u) { return u.insert_access(row); });
  }
  Result<Visited> visit(std::uint64_t snapshot, std::string visitor, std::int64_t now, std::string title = "t") {
    const NewVisit wanted{.snapshot = id<SnapshotId>(snapshot), .visitor = std::move(visitor), .title = title, .title_key = title,
                          .now = at(now), .apart = std::chrono::nanoseconds(300)};
    return write([wanted](Unit& u) { return u.count_visit(wanted); });
  }
  std::string titles(SnapshotFilter filter, std::uint32_t limit = 100) {
    filter.owner = filter.owner.empty() ? "ada" : filter.owner;
    return walk([=](Reader& r, const auto& after) { return r.snapshots(filter, after, limit); });
  }
  std::string visited(VisitFilter filter, std::uint32_t limit = 100) {
    filter.visitor = filter.visitor.empty() ? "bob" : filter.visitor;
    return walk([=](Reader& r, const auto& after) { return r.visits(filter, after, limit); });
  }
  Result<bool> use(const std::string& hash, std::int64_t now, std::uint64_t snapshot = 1) {
    return write([=](Unit& u) { return u.use_access(id<SnapshotId>(snapshot), hash, at(now)); });
  }

 private:
  template <class F>
  std::string walk(F page_of) {
    std::string out;
    std::optional<SnapshotPosition> after;
    do {
      auto page = read([=](Reader& r) { return page_of(r, after); });
      if (!page) return page.error().describe();
      for (const auto& row : page->rows) out += row.title + ' ';
      after = page->next;
    } while (after);
    return out;
  }
};

TEST_P(SnapshotContract, RowsComeBackAsTheyWere) {
  SnapshotRow row = snapshot_row(1);
  EXPECT_DONE(insert(row));
  reopen();
  auto back = read([&](Reader& r) { return r.snapshot(row.id); });
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_EQ(text_of(*back), text_of(row));
  row.state = SnapshotState::Ready;
  row.visibility = Visibility::Owner;
  row.tags.clear();
  EXPECT_DONE(write([row](Unit& u) { return u.update_snapshot(row, SnapshotState::Creating); }));
  EXPECT_CODE(Code::FailedPrecondition, write([row](Unit& u) { return u.update_snapshot(row, SnapshotState::Creating); }));
  back = read([&](Reader& r) { return r.snapshot(row.id); });
  ASSERT_TRUE(back);
  EXPECT_EQ(text_of(*back), text_of(row));
  EXPECT_CODE(Code::AlreadyExists, insert(row));
  EXPECT_CODE(Code::NotFound, read([](Reader& r) { return r.snapshot(id<SnapshotId>(2)); }));
  EXPECT_CODE(Code::NotFound, write([](Unit& u) { return u.update_snapshot(snapshot_row(2), SnapshotState::Creating); }));
  EXPECT_DONE(write([row](Unit& u) { return u.remove_snapshot(row.id); }));
  EXPECT_CODE(Code::NotFound, read([&](Reader& r) { return r.snapshot(row.id); }));
  EXPECT_DONE(write([row](Unit& u) { return u.remove_snapshot(row.id); }));
}

TEST_P(SnapshotContract, ListsAreOrderedFilteredAndPaged) {
  for (const auto& [number, title] : {std::pair{1u, "b"}, {2u, "a"}, {3u, "b"}, {4u, "c"}, {5u, ""}})
    EXPECT_DONE(insert(snapshot_row(number, title)));
  SnapshotRow other = snapshot_row(6, "z");
  other.owner = "bob";
  other.state = SnapshotState::Ready;
  other.visibility = Visibility::Link;
  EXPECT_DONE(insert(other));
  for (const std::uint32_t limit : {1u, 2u, 100u}) {
    EXPECT_EQ(titles({.order = SnapshotOrder::Title, .direction = Direction::Up}, limit), " a b b c ");
    EXPECT_EQ(titles({.order = SnapshotOrder::Title, .direction = Direction::Down}, limit), "c b b a  ");
    EXPECT_EQ(titles({.direction = Direction::Up}, limit), "b a b c  ");
    EXPECT_EQ(titles({}, limit), " c b a b ");
  }
  EXPECT_EQ(titles({.title = "b"}), "b b ");
  EXPECT_EQ(titles({.tag = "two words"}), " c b a b ");
  EXPECT_EQ(titles({.tag = "two"}), "") << "a tag is whole";
  EXPECT_EQ(titles({.state = SnapshotState::Ready}), "");
  EXPECT_EQ(titles({.visibility = Visibility::Link}), "");
  EXPECT_EQ(titles({.from = at(2), .until = at(4)}), "b a ");
  EXPECT_EQ(titles({.owner = "bob", .state = SnapshotState::Ready, .visibility = Visibility::Link}), "z ");
  for (const std::uint32_t limit : {0u, 101u}) EXPECT_CODE(Code::InvalidArgument, read([=](Reader& r) { return r.snapshots({}, {}, limit); }));
  const auto counts = read([](Reader& r) { return r.snapshot_counts("ada"); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->stored, 5u);
  EXPECT_EQ(counts->bytes, 5ull << 40);
  EXPECT_EQ(read([](Reader& r) { return r.snapshot_counts("eve"); })->bytes, 0u);
  const auto unfinished = read([](Reader& r) { return r.snapshots_in(SnapshotState::Creating, 2); });
  ASSERT_TRUE(unfinished);
  ASSERT_EQ(unfinished->size(), 2u);
  EXPECT_EQ(unfinished->front().id, id<SnapshotId>(1)) << "the oldest first";
}

TEST_P(SnapshotContract, ATokenOpensUntilItDoesNot) {
  const auto token = [](std::uint64_t number, std::string hash) {
    return AccessRow{.id = id<AccessId>(number), .snapshot = id<SnapshotId>(1), .label = "for bob", .hash = std::move(hash), .created = at(1)};
  };
  AccessRow twice = token(1, "twice"), brief = token(2, "brief");
  twice.most_uses = 2;
  brief.expires = at(10);
  EXPECT_DONE(insert(snapshot_row(1)));
  for (const auto& row : {twice, brief, token(3, "free")}) EXPECT_DONE(insert(row));
  EXPECT_CODE(Code::AlreadyExists, insert(twice));
  EXPECT_EQ(use("twice", 5), true);
  EXPECT_EQ(use("twice", 4), true);
  EXPECT_EQ(use("twice", 6), false) << "used up";
  EXPECT_EQ(use("brief", 9), true);
  EXPECT_EQ(use("brief", 10), false) << "expired";
  EXPECT_EQ(use("free", 9), true);
  EXPECT_EQ(use("none", 9), false);
  EXPECT_EQ(use("free", 9, 2), false) << "a token of another snapshot";
  const auto revoke = [&](std::uint64_t snapshot, std::uint64_t number, std::int64_t when) {
    return write([=](Unit& u) { return u.revoke_access(id<SnapshotId>(snapshot), id<AccessId>(number), at(when)); });
  };
  EXPECT_CODE(Code::NotFound, revoke(2, 3, 20));
  EXPECT_DONE(revoke(1, 3, 20));
  EXPECT_DONE(revoke(1, 3, 30));
  EXPECT_EQ(use("free", 21), false) << "revoked";
  reopen();
  const auto all = read([](Reader& r) { return r.accesses(id<SnapshotId>(1)); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->at(0).uses, 2u);
  EXPECT_EQ(all->at(0).most_uses, 2u);
  EXPECT_EQ(all->at(0).label, "for bob");
  EXPECT_EQ(all->at(0).used, at(5)) << "a clock that went back moves nothing back";
  EXPECT_EQ(all->at(1).expires, at(10));
  EXPECT_EQ(all->at(2).revoked, at(20)) << "the first time stays";
  EXPECT_DONE(write([](Unit& u) { return u.remove_snapshot(id<SnapshotId>(1)); }));
  EXPECT_TRUE(read([](Reader& r) { return r.accesses(id<SnapshotId>(1)); })->empty());
}

TEST_P(SnapshotContract, UsesAreCountedWhoeverAsksAtOnce) {
  EXPECT_DONE(insert({.id = id<AccessId>(1), .snapshot = id<SnapshotId>(1), .label = "", .hash = "h", .most_uses = 7, .created = at(1)}));
  std::vector<std::future<int>> askers;
  for (int asker = 0; asker < 4; ++asker)
    askers.push_back(std::async(std::launch::async, [this] {
      int opened = 0;
      for (int i = 0; i < 5; ++i) opened += use("h", 2).value_or(false) ? 1 : 0;
      return opened;
    }));
  int opened = 0;
  for (auto& asker : askers) opened += asker.get();
  EXPECT_EQ(opened, 7);
}

TEST_P(SnapshotContract, AVisitCountsOncePerSpanAndTheFirstStays) {
  const auto told = [&](std::int64_t now) {
    const auto made = visit(1, "bob", now, "at " + std::to_string(now));
    return made ? (made->counted ? "+ " : "- ") + text_of(made->row) : made.error().describe();
  };
  EXPECT_EQ(told(1000), "+ bob|at 1000|1|1000|1000|1000");
  EXPECT_EQ(told(1299), "- bob|at 1299|1|1000|1299|1000");
  EXPECT_EQ(told(1300), "+ bob|at 1300|2|1000|1300|1300") << "from the last that counted, not from the last";
  EXPECT_EQ(told(900), "- bob|at 900|2|1000|1300|1300") << "a clock that went back";
  EXPECT_DONE(visit(1, "eve", 1301));
  EXPECT_DONE(visit(2, "bob", 1301));
  reopen();
  const auto totals = read([](Reader& r) { return r.visit_totals(id<SnapshotId>(1)); });
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->visitors, 2u);
  EXPECT_EQ(totals->visits, 3u);
  EXPECT_EQ(totals->last, at(1301));
  const auto none = read([](Reader& r) { return r.visit_totals(id<SnapshotId>(3)); });
  ASSERT_TRUE(none);
  EXPECT_EQ(none->visits, 0u);
  EXPECT_FALSE(none->last);
}

TEST_P(SnapshotContract, AVisitorsListIsOrderedFilteredPagedAndHis) {
  for (const auto& [number, title] : {std::pair{1u, "b"}, {2u, "a"}, {3u, "c"}}) EXPECT_DONE(visit(number, "bob", 10 * number, title));
  EXPECT_DONE(visit(1, "bob", 40, "b"));
  EXPECT_DONE(visit(4, "eve", 50, "z"));
  for (const std::uint32_t limit : {1u, 2u, 100u}) {
    EXPECT_EQ(visited({.order = VisitOrder::Title, .direction = Direction::Up}, limit), "a b c ");
    EXPECT_EQ(visited({.order = VisitOrder::Title, .direction = Direction::Down}, limit), "c b a ");
    EXPECT_EQ(visited({.order = VisitOrder::First, .direction = Direction::Up}, limit), "b a c ");
    EXPECT_EQ(visited({.order = VisitOrder::First, .direction = Direction::Down}, limit), "c a b ");
    EXPECT_EQ(visited({.order = VisitOrder::Last, .direction = Direction::Up}, limit), "a c b ");
    EXPECT_EQ(visited({}, limit), "b c a ");
  }
  EXPECT_EQ(visited({.title = "a"}), "a ");
  EXPECT_EQ(visited({.from = at(30), .until = at(40)}), "c ");
  EXPECT_EQ(visited({.from = at(10), .until = at(11), .order = VisitOrder::First}), "b ");
  EXPECT_EQ(visited({.visitor = "eve"}), "z ");
  EXPECT_CODE(Code::InvalidArgument, read([](Reader& r) { return r.visits({.visitor = "bob"}, {}, 101); }));

  const auto hide = [&](std::uint64_t number) {
    return write([=](Unit& u) { return u.hide_visit("bob", id<SnapshotId>(number)); });
  };
  EXPECT_DONE(hide(2));
  EXPECT_CODE(Code::NotFound, hide(2));
  EXPECT_CODE(Code::NotFound, hide(4));
  EXPECT_EQ(visited({}), "b c ");
  EXPECT_EQ(read([](Reader& r) { return r.visit_totals(id<SnapshotId>(2)); })->visits, 1u) << "its owner's count is not the visitor's affair";
  const auto again = visit(2, "bob", 60, "a");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->row.first, at(20));
  EXPECT_EQ(visited({}), "a b c ") << "a visit brings it back";
}

TEST_P(SnapshotContract, VisitsOfADeletedSnapshotAreMarkedInPieces) {
  for (int i = 0; i < 5; ++i) EXPECT_DONE(visit(1, "v" + std::to_string(i), 1));
  EXPECT_DONE(visit(2, "v0", 1));
  const auto mark = [&](std::uint32_t limit) {
    return write([=](Unit& u) { return u.mark_visits_gone(id<SnapshotId>(1), limit); });
  };
  EXPECT_EQ(mark(3), 3u);
  EXPECT_EQ(mark(3), 2u);
  EXPECT_EQ(mark(3), 0u) << "done again it does nothing";
  EXPECT_EQ(visited({.visitor = "v0", .gone = true}), "t ");
  EXPECT_EQ(visited({.visitor = "v0", .gone = false}), "t ");
  EXPECT_EQ(visited({.visitor = "v1"}), "t ");
  EXPECT_CODE(Code::InvalidArgument, mark(0));
}

}  // namespace berth::store::contract
