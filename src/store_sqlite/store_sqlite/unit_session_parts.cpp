// Revisions, logs and idempotency keys of sessions.

#include <algorithm>
#include <limits>

#include "store_sqlite/queries.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define BERTH_REVISION_COLUMNS "session, version, kind, previous, what, changed_by, client, saved, bytes, sealed"
#define BERTH_LOG_COLUMNS "session, log, place, client_id, appended, sealed"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_history = 1000, most_entries = 1000;

constexpr Query revisions_to{
    "revisions_to",
    "SELECT " BERTH_REVISION_COLUMNS " FROM session_revisions WHERE session = ?1 AND version <= ?2 AND version > "
    "(SELECT max(version) FROM session_revisions WHERE session = ?1 AND version <= ?2 AND kind <> 1) AND kind = 1 "
    "ORDER BY version"};
constexpr Query revision_whole{"revision_whole", "SELECT " BERTH_REVISION_COLUMNS
                                                 " FROM session_revisions WHERE session = ?1 AND version <= ?2 AND kind <> 1 "
                                                 "ORDER BY version DESC LIMIT 1"};
constexpr Query revision_link{"revision_link",
                              "SELECT 1 FROM session_revisions WHERE session = ?1 AND version = ?2 AND kind < 2"};
constexpr Query revision_history{
    "revision_history",
    "SELECT session, version, kind, previous, what, changed_by, client, saved, bytes, x'' FROM session_revisions "
    "WHERE session = ?1 AND version < ?2 AND kind < 2 ORDER BY version DESC LIMIT ?3"};
constexpr Query revision_insert{"revision_insert", "INSERT INTO session_revisions (" BERTH_REVISION_COLUMNS
                                                   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
constexpr Query revision_prune{
    "revision_prune",
    "DELETE FROM session_revisions WHERE session = ?1 AND version < coalesce((SELECT max(version) FROM session_revisions "
    "WHERE session = ?1 AND version <= ?2 AND kind <> 1), 0)"};
constexpr Query log_page{"log_page", "SELECT " BERTH_LOG_COLUMNS
                                     " FROM session_logs WHERE session = ?1 AND log = ?2 AND place >= ?3 ORDER BY place LIMIT ?4"};
constexpr Query log_next{"log_next", "SELECT coalesce(max(place) + 1, 0) FROM session_logs WHERE session = ?1 AND log = ?2"};
constexpr Query log_by_client{"log_by_client", "SELECT " BERTH_LOG_COLUMNS
                                               " FROM session_logs WHERE session = ?1 AND log = ?2 AND client_id = ?3"};
constexpr Query log_insert{"log_insert",
                           "INSERT INTO session_logs (" BERTH_LOG_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"};
constexpr Query idempotency_get{"idempotency_get",
                                "SELECT owner, key, request, result, made FROM idempotency WHERE owner = ?1 AND key = ?2"};
constexpr Query idempotency_put{"idempotency_put",
                                "INSERT INTO idempotency (owner, key, request, result, made) VALUES (?1, ?2, ?3, ?4, ?5)"};
constexpr Query idempotency_forget{"idempotency_forget", "DELETE FROM idempotency WHERE owner = ?1 AND made < ?2"};

Result<store::RevisionRow> read_revision(const Statement& s) {
  TRY_ASSIGN(auto session, read_id<SessionId>(s, 0));
  TRY_ASSIGN(const auto kind, read_enum(s, 2, store::RevisionKind::Checkpoint));
  return store::RevisionRow{.session = std::move(session), .version = static_cast<std::uint64_t>(s.integer(1)), .kind = kind,
                            .previous = s.text(3), .sealed = s.text(9), .what = s.text(4), .changed_by = s.text(5),
                            .client = s.text(6), .saved = time_at(s.integer(7)), .bytes = static_cast<std::uint64_t>(s.integer(8))};
}

Result<store::LogRow> read_log(const Statement& s) {
  TRY_ASSIGN(auto session, read_id<SessionId>(s, 0));
  TRY_ASSIGN(const auto log, read_enum(s, 1, store::SessionLog::Usage));
  return store::LogRow{.session = std::move(session), .log = log, .offset = static_cast<std::uint64_t>(s.integer(2)),
                       .client_id = s.text(3), .sealed = s.text(5), .appended = time_at(s.integer(4))};
}

}  // namespace

Result<std::vector<store::RevisionRow>> SqlUnit::revisions_for(const SessionId& id, std::uint64_t version) {
  {
    TRY_ASSIGN(auto statement, connection_.prepare(revision_link));
    TRY_ASSIGN(const bool found, statement.bind(id.str(), as_signed(version)).step());
    if (!found) {
      TRY_ASSIGN(auto whole, connection_.prepare(revision_whole));
      TRY_ASSIGN(const bool kept, whole.bind(id.str(), as_signed(version)).step());
      if (!kept || static_cast<std::uint64_t>(whole.integer(1)) != version) return std::vector<store::RevisionRow>{};
    }
  }
  TRY_ASSIGN(auto first, connection_.prepare(revision_whole));
  TRY_ASSIGN(auto out, read_all(first.bind(id.str(), as_signed(version)), read_revision));
  if (out.empty()) return out;
  TRY_ASSIGN(auto rest, connection_.prepare(revisions_to));
  TRY_ASSIGN(auto changes, read_all(rest.bind(id.str(), as_signed(version)), read_revision));
  for (auto& change : changes) out.push_back(std::move(change));
  return out;
}

Result<std::vector<store::RevisionRow>> SqlUnit::session_history(const SessionId& id, std::uint64_t before,
                                                                 std::uint32_t limit) {
  TRY(check_limit(limit, most_history));
  const std::int64_t below = before == 0 ? std::numeric_limits<std::int64_t>::max() : as_signed(before);
  TRY_ASSIGN(auto statement, connection_.prepare(revision_history));
  return read_all(statement.bind(id.str(), below, std::int64_t{limit}), read_revision);
}

Result<> SqlUnit::insert_revision(const store::RevisionRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(revision_insert));
  statement.bind(row.session.str(), as_signed(row.version), static_cast<std::int64_t>(row.kind), Blob{row.previous}, row.what,
                 row.changed_by, row.client, nanoseconds(row.saved), as_signed(row.sealed.size()), Blob{row.sealed});
  return taken(statement.run(), "The session has this version already.");
}

Result<> SqlUnit::prune_revisions(const SessionId& id, std::uint64_t oldest) {
  TRY_ASSIGN(auto statement, connection_.prepare(revision_prune));
  return statement.bind(id.str(), as_signed(oldest)).run();
}

Result<std::vector<store::LogRow>> SqlUnit::log_entries(const SessionId& id, store::SessionLog log, std::uint64_t from,
                                                        std::uint32_t limit) {
  TRY(check_limit(limit, most_entries));
  TRY_ASSIGN(auto statement, connection_.prepare(log_page));
  const auto first = std::min<std::uint64_t>(from, std::numeric_limits<std::int64_t>::max());
  return read_all(statement.bind(id.str(), static_cast<std::int64_t>(log), as_signed(first), std::int64_t{limit}), read_log);
}

Result<std::uint64_t> SqlUnit::log_end(const SessionId& id, store::SessionLog log) {
  TRY_ASSIGN(auto statement, connection_.prepare(log_next));
  TRY(statement.bind(id.str(), static_cast<std::int64_t>(log)).step());
  return static_cast<std::uint64_t>(statement.integer(0));
}

Result<std::optional<store::LogRow>> SqlUnit::log_entry_of(const SessionId& id, store::SessionLog log,
                                                           const std::string& client_id) {
  TRY_ASSIGN(auto statement, connection_.prepare(log_by_client));
  TRY_ASSIGN(auto found, read_all(statement.bind(id.str(), static_cast<std::int64_t>(log), client_id), read_log));
  if (found.empty()) return std::nullopt;
  return std::optional(std::move(found.front()));
}

Result<> SqlUnit::insert_log_entry(const store::LogRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(log_insert));
  statement.bind(row.session.str(), static_cast<std::int64_t>(row.log), as_signed(row.offset), row.client_id,
                 nanoseconds(row.appended), Blob{row.sealed});
  return taken(statement.run(), "The log has this entry already.");
}

Result<std::optional<store::IdempotencyRow>> SqlUnit::idempotency(const std::string& owner, const std::string& key) {
  TRY_ASSIGN(auto s, connection_.prepare(idempotency_get));
  TRY_ASSIGN(const bool found, s.bind(owner, key).step());
  if (!found) return std::nullopt;
  return std::optional(store::IdempotencyRow{.owner = s.text(0), .key = s.text(1), .request = s.text(2), .result = s.text(3),
                                             .made = time_at(s.integer(4))});
}

Result<> SqlUnit::put_idempotency(const store::IdempotencyRow& row, WallTime forget) {
  {
    TRY_ASSIGN(auto old, connection_.prepare(idempotency_forget));
    TRY(old.bind(row.owner, nanoseconds(forget)).run());
  }
  TRY_ASSIGN(auto statement, connection_.prepare(idempotency_put));
  statement.bind(row.owner, row.key, row.request, row.result, nanoseconds(row.made));
  return taken(statement.run(), "The idempotency key was used already.");
}

}  // namespace berth::store_sqlite
