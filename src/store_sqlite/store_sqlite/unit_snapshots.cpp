#include "store_sqlite/places.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/tags.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define BERTH_SNAPSHOT_COLUMNS \
  "id, owner, title, title_key, description, tags, state, visibility, session, version, bytes, parts, manifest, created"
#define BERTH_ACCESS_COLUMNS "id, snapshot, label, hash, most_uses, uses, created, expires, revoked, used"

namespace berth::store_sqlite {
namespace {

using store::Direction;
using store::SnapshotOrder;

constexpr std::uint32_t most = 100, most_unfinished = 1000;
constexpr const char* no_snapshot = "There is no such snapshot.";
constexpr int snapshot_columns = 14;

constexpr Query snapshot_by_id{"snapshot_by_id", "SELECT " BERTH_SNAPSHOT_COLUMNS " FROM snapshots WHERE id = ?1"};
constexpr Query snapshot_count{"snapshot_count", "SELECT count(*), coalesce(sum(bytes), 0) FROM snapshots WHERE owner = ?1"};
constexpr Query snapshot_unfinished{"snapshot_unfinished", "SELECT " BERTH_SNAPSHOT_COLUMNS
                                                           " FROM snapshots WHERE state = ?1 ORDER BY seq LIMIT ?2"};
constexpr Query snapshot_insert{"snapshot_insert", "INSERT INTO snapshots (" BERTH_SNAPSHOT_COLUMNS
                                                   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"};
constexpr Query snapshot_update{
    "snapshot_update",
    "UPDATE snapshots SET owner = ?2, title = ?3, title_key = ?4, description = ?5, tags = ?6, state = ?7, visibility = ?8, "
    "session = ?9, version = ?10, bytes = ?11, parts = ?12, manifest = ?13, created = ?14 WHERE id = ?1 AND state = ?15"};
constexpr Query snapshot_remove{"snapshot_remove", "DELETE FROM snapshots WHERE id = ?1"};
constexpr Query snapshot_remove_accesses{"snapshot_remove_accesses", "DELETE FROM snapshot_accesses WHERE snapshot = ?1"};

// One statement for each order and direction: the page is then a range of one index.
#define BERTH_SNAPSHOT_PAGE(name, key, compare, way)                                                                     \
  {                                                                                                                      \
    name, "SELECT " BERTH_SNAPSHOT_COLUMNS ", seq FROM snapshots WHERE owner = ?1 AND (" key ", seq) " compare            \
          " (?2, ?3) AND (?4 = '' OR instr(title_key, ?4) > 0) AND (?5 = '' OR instr(char(10) || tags || char(10), "      \
          "char(10) || ?5 || char(10)) > 0) AND (?6 IS NULL OR state = ?6) AND (?7 IS NULL OR visibility = ?7) AND "      \
          "(?8 IS NULL OR created >= ?8) AND (?9 IS NULL OR created < ?9) ORDER BY " key " " way ", seq " way " LIMIT ?10" \
  }
constexpr Query snapshot_pages[2][2] = {{BERTH_SNAPSHOT_PAGE("snapshots_title_up", "title_key", ">", "ASC"),
                                         BERTH_SNAPSHOT_PAGE("snapshots_title_down", "title_key", "<", "DESC")},
                                        {BERTH_SNAPSHOT_PAGE("snapshots_created_up", "created", ">", "ASC"),
                                         BERTH_SNAPSHOT_PAGE("snapshots_created_down", "created", "<", "DESC")}};

constexpr Query access_all{"access_all", "SELECT " BERTH_ACCESS_COLUMNS " FROM snapshot_accesses WHERE snapshot = ?1 ORDER BY seq"};
constexpr Query access_insert{"access_insert", "INSERT INTO snapshot_accesses (" BERTH_ACCESS_COLUMNS
                                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
constexpr Query access_revoke{"access_revoke",
                              "UPDATE snapshot_accesses SET revoked = coalesce(revoked, ?3) WHERE snapshot = ?1 AND id = ?2"};
constexpr Query access_use{
    "access_use",
    "UPDATE snapshot_accesses SET uses = uses + 1, used = max(coalesce(used, ?3), ?3) WHERE snapshot = ?1 AND hash = ?2 AND "
    "revoked IS NULL AND (expires IS NULL OR expires > ?3) AND (most_uses = 0 OR uses < most_uses)"};

Result<store::SnapshotRow> read_snapshot(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<SnapshotId>(s, 0));
  TRY_ASSIGN(const auto state, read_enum(s, 6, store::SnapshotState::Damaged));
  TRY_ASSIGN(const auto visibility, read_enum(s, 7, store::Visibility::Token));
  return store::SnapshotRow{.id = std::move(id), .owner = s.text(1), .title = s.text(2), .title_key = s.text(3),
                            .description = s.text(4), .tags = split_tags(s.text(5)), .state = state, .visibility = visibility,
                            .session = s.text(8), .version = static_cast<std::uint64_t>(s.integer(9)),
                            .bytes = static_cast<std::uint64_t>(s.integer(10)), .parts = static_cast<std::uint64_t>(s.integer(11)),
                            .manifest = s.text(12), .created = time_at(s.integer(13))};
}

void bind_snapshot(Statement& s, const store::SnapshotRow& row, const std::string& tags) {
  s.bind(row.id.str(), row.owner, row.title, row.title_key, row.description, tags, static_cast<std::int64_t>(row.state),
         static_cast<std::int64_t>(row.visibility), row.session, as_signed(row.version), as_signed(row.bytes), as_signed(row.parts),
         row.manifest, nanoseconds(row.created));
}

Result<store::AccessRow> read_access(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<AccessId>(s, 0));
  TRY_ASSIGN(auto snapshot, read_id<SnapshotId>(s, 1));
  return store::AccessRow{.id = std::move(id), .snapshot = std::move(snapshot), .label = s.text(2), .hash = s.text(3),
                          .most_uses = static_cast<std::uint64_t>(s.integer(4)), .uses = static_cast<std::uint64_t>(s.integer(5)),
                          .created = time_at(s.integer(6)), .expires = time_at(s.optional_integer(7)),
                          .revoked = time_at(s.optional_integer(8)), .used = time_at(s.optional_integer(9))};
}

template <class Enum>
std::optional<std::int64_t> number_of(const std::optional<Enum>& value) {
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

}  // namespace

Result<store::SnapshotRow> SqlUnit::snapshot(const SnapshotId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(snapshot_by_id));
  return read_one(statement.bind(id.str()), read_snapshot, no_snapshot);
}

Result<store::SnapshotPage> SqlUnit::snapshots(const store::SnapshotFilter& filter, const std::optional<store::SnapshotPosition>& after,
                                               std::uint32_t limit) {
  TRY(check_limit(limit, most));
  const Query& query = snapshot_pages[static_cast<int>(filter.order)][filter.direction == Direction::Up ? 0 : 1];
  TRY_ASSIGN(auto s, connection_.prepare(query));
  constexpr std::int64_t place = 0;  // bound below
  s.bind(filter.owner, place, place, filter.title, filter.tag, number_of(filter.state), number_of(filter.visibility),
         nanoseconds(filter.from), nanoseconds(filter.until), std::int64_t{limit} + 1);
  bind_place(s, filter.order == SnapshotOrder::Title ? Key::Title : Key::Time, filter.direction, after);
  return read_places<store::SnapshotPage>(s, read_snapshot, snapshot_columns, limit, [](const auto& row) { return row.created; });
}

Result<store::SnapshotCounts> SqlUnit::snapshot_counts(const std::string& owner) {
  TRY_ASSIGN(auto statement, connection_.prepare(snapshot_count));
  TRY(statement.bind(owner).step());
  return store::SnapshotCounts{.stored = static_cast<std::uint64_t>(statement.integer(0)),
                               .bytes = static_cast<std::uint64_t>(statement.integer(1))};
}

Result<std::vector<store::SnapshotRow>> SqlUnit::snapshots_in(store::SnapshotState state, std::uint32_t limit) {
  TRY(check_limit(limit, most_unfinished));
  TRY_ASSIGN(auto statement, connection_.prepare(snapshot_unfinished));
  return read_all(statement.bind(static_cast<std::int64_t>(state), std::int64_t{limit}), read_snapshot);
}

Result<> SqlUnit::insert_snapshot(const store::SnapshotRow& row) {
  const std::string tags = join_tags(row.tags);
  TRY_ASSIGN(auto statement, connection_.prepare(snapshot_insert));
  bind_snapshot(statement, row, tags);
  return taken(statement.run(), "The snapshot exists already.");
}

Result<> SqlUnit::update_snapshot(const store::SnapshotRow& row, store::SnapshotState expected) {
  const std::string tags = join_tags(row.tags);
  TRY_ASSIGN(auto statement, connection_.prepare(snapshot_update));
  bind_snapshot(statement, row, tags);
  statement.bind_at(snapshot_columns + 1, static_cast<std::int64_t>(expected));
  TRY(statement.run());
  if (connection_.changes() == 1) return {};
  TRY(snapshot(row.id));
  return fail(Code::FailedPrecondition, "The snapshot is in another state by now.");
}

Result<> SqlUnit::remove_snapshot(const SnapshotId& id) {
  for (const Query* query : {&snapshot_remove, &snapshot_remove_accesses}) {
    TRY_ASSIGN(auto statement, connection_.prepare(*query));
    TRY(statement.bind(id.str()).run());
  }
  return {};
}

Result<std::vector<store::AccessRow>> SqlUnit::accesses(const SnapshotId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(access_all));
  return read_all(statement.bind(id.str()), read_access);
}

Result<> SqlUnit::insert_access(const store::AccessRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(access_insert));
  statement.bind(row.id.str(), row.snapshot.str(), row.label, row.hash, as_signed(row.most_uses), as_signed(row.uses),
                 nanoseconds(row.created), nanoseconds(row.expires), nanoseconds(row.revoked), nanoseconds(row.used));
  return taken(statement.run(), "The token exists already.");
}

Result<> SqlUnit::revoke_access(const SnapshotId& snapshot, const AccessId& id, WallTime when) {
  TRY_ASSIGN(auto statement, connection_.prepare(access_revoke));
  TRY(statement.bind(snapshot.str(), id.str(), nanoseconds(when)).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, "There is no such token.");
  return {};
}

Result<bool> SqlUnit::use_access(const SnapshotId& snapshot, const std::string& hash, WallTime now) {
  TRY_ASSIGN(auto statement, connection_.prepare(access_use));
  TRY(statement.bind(snapshot.str(), hash, nanoseconds(now)).run());
  return connection_.changes() == 1;
}

}  // namespace berth::store_sqlite
