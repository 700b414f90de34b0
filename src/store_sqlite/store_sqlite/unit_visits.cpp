// Visits of snapshots.

#include <algorithm>

#include "store_sqlite/places.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define BERTH_VISIT_COLUMNS "snapshot, visitor, title, title_key, count, first, last, counted, gone"

namespace berth::store_sqlite {
namespace {

using store::Direction;
using store::VisitOrder;

constexpr std::uint32_t most = 100, most_marked = 10'000;
constexpr int visit_columns = 9;

constexpr Query visit_of{"visit_of", "SELECT " BERTH_VISIT_COLUMNS " FROM snapshot_visits WHERE snapshot = ?1 AND visitor = ?2"};
constexpr Query visit_put{
    "visit_put",
    "INSERT INTO snapshot_visits (" BERTH_VISIT_COLUMNS ", hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0) "
    "ON CONFLICT (snapshot, visitor) DO UPDATE SET title = ?3, title_key = ?4, count = ?5, first = ?6, last = ?7, counted = ?8, "
    "gone = ?9, hidden = 0"};
constexpr Query visit_hide{"visit_hide", "UPDATE snapshot_visits SET hidden = 1 WHERE snapshot = ?1 AND visitor = ?2 AND hidden = 0"};
constexpr Query visit_total{"visit_total", "SELECT count(*), coalesce(sum(count), 0), max(last) FROM snapshot_visits WHERE snapshot = ?1"};
constexpr Query visit_gone{"visit_gone",
                           "UPDATE snapshot_visits SET gone = 1 WHERE seq IN (SELECT seq FROM snapshot_visits WHERE snapshot = ?1 "
                           "AND gone = 0 LIMIT ?2)"};

#define BERTH_VISIT_PAGE(name, key, time, compare, way)                                                                   \
  {                                                                                                                       \
    name, "SELECT " BERTH_VISIT_COLUMNS ", seq FROM snapshot_visits WHERE visitor = ?1 AND hidden = 0 AND (" key ", seq) " \
          compare " (?2, ?3) AND (?4 = '' OR instr(title_key, ?4) > 0) AND (?5 IS NULL OR gone = ?5) AND (?6 IS NULL OR "  \
          time " >= ?6) AND (?7 IS NULL OR " time " < ?7) ORDER BY " key " " way ", seq " way " LIMIT ?8"                   \
  }
constexpr Query visit_pages[3][2] = {
    {BERTH_VISIT_PAGE("visits_title_up", "title_key", "last", ">", "ASC"),
     BERTH_VISIT_PAGE("visits_title_down", "title_key", "last", "<", "DESC")},
    {BERTH_VISIT_PAGE("visits_first_up", "first", "first", ">", "ASC"), BERTH_VISIT_PAGE("visits_first_down", "first", "first", "<", "DESC")},
    {BERTH_VISIT_PAGE("visits_last_up", "last", "last", ">", "ASC"), BERTH_VISIT_PAGE("visits_last_down", "last", "last", "<", "DESC")}};

Result<store::VisitRow> read_visit(const Statement& s) {
  TRY_ASSIGN(auto snapshot, read_id<SnapshotId>(s, 0));
  return store::VisitRow{.snapshot = std::move(snapshot), .visitor = s.text(1), .title = s.text(2), .title_key = s.text(3),
                         .count = static_cast<std::uint64_t>(s.integer(4)), .first = time_at(s.integer(5)),
                         .last = time_at(s.integer(6)), .counted = time_at(s.integer(7)), .gone = s.integer(8) != 0};
}

}  // namespace

Result<store::Visited> SqlUnit::count_visit(const store::NewVisit& visit) {
  std::optional<store::VisitRow> known;
  {
    TRY_ASSIGN(auto statement, connection_.prepare(visit_of));
    TRY_ASSIGN(auto found, read_all(statement.bind(visit.snapshot.str(), visit.visitor), read_visit));
    if (!found.empty()) known = std::move(found.front());
  }
  store::Visited out{.row = {.snapshot = visit.snapshot, .visitor = visit.visitor, .title = {}, .title_key = {}, .count = 1,
                             .first = visit.now, .last = visit.now, .counted = visit.now, .gone = false},
                     .counted = true};
  if (known) {
    // A clock that went back counts nothing and moves nothing back.
    out.counted = visit.now - known->counted >= visit.apart;
    out.row = *std::move(known);
    out.row.count += out.counted ? 1 : 0;
    out.row.last = std::max(out.row.last, visit.now);
    if (out.counted) out.row.counted = visit.now;
  }
  out.row.title = visit.title;
  out.row.title_key = visit.title_key;
  const auto& row = out.row;
  TRY_ASSIGN(auto statement, connection_.prepare(visit_put));
  TRY(statement.bind(row.snapshot.str(), row.visitor, row.title, row.title_key, as_signed(row.count), nanoseconds(row.first),
                     nanoseconds(row.last), nanoseconds(row.counted), std::int64_t{row.gone}).run());
  return out;
}

Result<store::VisitPage> SqlUnit::visits(const store::VisitFilter& filter, const std::optional<store::SnapshotPosition>& after,
                                         std::uint32_t limit) {
  TRY(check_limit(limit, most));
  TRY_ASSIGN(auto s, connection_.prepare(visit_pages[static_cast<int>(filter.order)][filter.direction == Direction::Up ? 0 : 1]));
  std::optional<std::int64_t> gone;
  if (filter.gone) gone = *filter.gone ? 1 : 0;
  constexpr std::int64_t place = 0;  // bound below
  s.bind(filter.visitor, place, place, filter.title, gone, nanoseconds(filter.from), nanoseconds(filter.until), std::int64_t{limit} + 1);
  bind_place(s, filter.order == VisitOrder::Title ? Key::Title : Key::Time, filter.direction, after);
  return read_places<store::VisitPage>(s, read_visit, visit_columns, limit,
                                       [order = filter.order](const auto& row) { return order == VisitOrder::First ? row.first : row.last; });
}

Result<store::VisitTotals> SqlUnit::visit_totals(const SnapshotId& id) {
  TRY_ASSIGN(auto s, connection_.prepare(visit_total));
  TRY(s.bind(id.str()).step());
  return store::VisitTotals{.visitors = static_cast<std::uint64_t>(s.integer(0)), .visits = static_cast<std::uint64_t>(s.integer(1)),
                            .last = time_at(s.optional_integer(2))};
}

Result<> SqlUnit::hide_visit(const std::string& visitor, const SnapshotId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(visit_hide));
  TRY(statement.bind(id.str(), visitor).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, "This snapshot is not in the list of visits.");
  return {};
}

Result<std::uint64_t> SqlUnit::mark_visits_gone(const SnapshotId& id, std::uint32_t limit) {
  TRY(check_limit(limit, most_marked));
  TRY_ASSIGN(auto statement, connection_.prepare(visit_gone));
  TRY(statement.bind(id.str(), std::int64_t{limit}).run());
  return static_cast<std::uint64_t>(connection_.changes());
}

}  // namespace berth::store_sqlite
