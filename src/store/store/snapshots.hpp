#pragma once
// Snapshots as rows: what was captured and who may see it, the tokens that open it, and who was there.
//
// What a snapshot holds is not here. A snapshot's id is all that its link has in it, so it is 128 random bits. A token is known
// by its hash; using one is one statement, so that a token for three uses is used three times, whoever asks at once. A visit
// is a row for each snapshot and visitor that outlives the snapshot: it is marked then, and says what was there.
// Errors: as store/store.hpp.
//
// Example (store::SnapshotWriter& writer, store::SnapshotRow row, store::AccessRow token, WallTime now):
//   TRY(writer.insert_snapshot(row));
//   TRY(writer.insert_access(token));
//   TRY_ASSIGN(const bool open, writer.use_access(row.id, token.hash, now));
//   TRY(writer.count_visit({.snapshot = row.id, .visitor = "ada", .title = row.title, .title_key = row.title_key, .now = now}));

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "store/session.hpp"

namespace berth::store {

enum class SnapshotState { Creating, Ready, Deleting, Damaged };
enum class Visibility { Owner, Link, Token };

struct SnapshotRow {
  SnapshotId id;
  std::string owner;
  std::string title, title_key;       // as a session's
  std::string description;
  std::vector<std::string> tags;      // without line feeds
  SnapshotState state = SnapshotState::Creating;
  Visibility visibility = Visibility::Owner;
  std::string session;                // that it is of, or empty
  std::uint64_t version = 0;          // of the session's document
  std::uint64_t bytes = 0, parts = 0; // of what it holds
  std::string manifest;               // SHA-256 of the list of its parts, hex; empty while it is made
  WallTime created{};
};

enum class SnapshotOrder { Title, Created };

struct SnapshotFilter {
  std::string owner;
  std::string title;                  // part of a title_key; "" is any
  std::string tag;                    // "" is any
  std::optional<SnapshotState> state;
  std::optional<Visibility> visibility;
  std::optional<WallTime> from, until;  // of `created`
  SnapshotOrder order = SnapshotOrder::Created;
  Direction direction = Direction::Down;
};

using SnapshotPosition = SessionPosition;
struct SnapshotPage {
  std::vector<SnapshotRow> rows;
  std::optional<SnapshotPosition> next;
};
struct SnapshotCounts { std::uint64_t stored = 0, bytes = 0; };

struct AccessRow {
  AccessId id;
  SnapshotId snapshot;
  std::string label;
  std::string hash;                   // SHA-256 of the token, hex
  std::uint64_t most_uses = 0;        // 0: any number
  std::uint64_t uses = 0;
  WallTime created{};
  std::optional<WallTime> expires, revoked, used;  // used: the last time
};

struct VisitRow {
  SnapshotId snapshot;
  std::string visitor;
  std::string title, title_key;       // as they were at the last visit
  std::uint64_t count = 0;
  WallTime first{}, last{};
  WallTime counted{};                 // the last visit that was counted
  bool gone = false;                  // the snapshot was deleted
};

struct NewVisit {
  SnapshotId snapshot;
  std::string visitor;
  std::string title, title_key;
  WallTime now{};
  std::chrono::nanoseconds apart{300'000'000'000};  // what counts is so far from the last that counted
};
struct Visited { VisitRow row; bool counted = false; };

enum class VisitOrder { Title, First, Last };
struct VisitFilter {
  std::string visitor;
  std::string title;                  // part of a title_key; "" is any
  std::optional<bool> gone;
  std::optional<WallTime> from, until;  // of the time that it is ordered by (of `last` when ordered by title)
  VisitOrder order = VisitOrder::Last;
  Direction direction = Direction::Down;
};
struct VisitPage {
  std::vector<VisitRow> rows;
  std::optional<SnapshotPosition> next;
};
struct VisitTotals {
  std::uint64_t visitors = 0, visits = 0;
  std::optional<WallTime> last;
};

class SnapshotReader {
 public:
  virtual Result<SnapshotRow> snapshot(const SnapshotId& id) = 0;
  virtual Result<SnapshotPage> snapshots(const SnapshotFilter&, const std::optional<SnapshotPosition>& after, std::uint32_t limit) = 0;
  virtual Result<SnapshotCounts> snapshot_counts(const std::string& owner) = 0;
  virtual Result<std::vector<SnapshotRow>> snapshots_in(SnapshotState state, std::uint32_t limit) = 0;  // the oldest, of all owners
  virtual Result<std::vector<AccessRow>> accesses(const SnapshotId&) = 0;  // oldest first
  // Of one visitor, without those that he removed from his list.
  virtual Result<VisitPage> visits(const VisitFilter&, const std::optional<SnapshotPosition>& after, std::uint32_t limit) = 0;
  virtual Result<VisitTotals> visit_totals(const SnapshotId&) = 0;

 protected:
  ~SnapshotReader() = default;
};

class SnapshotWriter {
 public:
  virtual Result<> insert_snapshot(const SnapshotRow&) = 0;
  // FailedPrecondition when the row is in another state by now.
  virtual Result<> update_snapshot(const SnapshotRow&, SnapshotState expected) = 0;
  virtual Result<> remove_snapshot(const SnapshotId&) = 0;  // with its tokens; visits stay. No error when it is gone
  virtual Result<> insert_access(const AccessRow&) = 0;
  virtual Result<> revoke_access(const SnapshotId&, const AccessId&, WallTime when) = 0;  // again is fine: the first time stays
  // Counts a use. False, and nothing changed: no such token, expired, revoked or used up; which of them is not told.
  virtual Result<bool> use_access(const SnapshotId&, const std::string& hash, WallTime now) = 0;
  virtual Result<Visited> count_visit(const NewVisit&) = 0;
  virtual Result<> hide_visit(const std::string& visitor, const SnapshotId&) = 0;  // until the next visit; NotFound
  // Of at most `limit` visits of a snapshot that is deleted. Returns how many were not marked yet.
  virtual Result<std::uint64_t> mark_visits_gone(const SnapshotId&, std::uint32_t limit) = 0;

 protected:
  ~SnapshotWriter() = default;
};

}  // namespace berth::store
