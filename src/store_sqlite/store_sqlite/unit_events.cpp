#include <algorithm>

#include "store_sqlite/queries.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define COLUMNS "owner, type, time, data, sandbox, terminal, session"

namespace berth::store_sqlite {
namespace {

constexpr std::uint32_t most_events = 1000;

// Each goes along the index of the narrowest subject that is asked for; "+" keeps the others from being chosen.
constexpr Query events_of_owner{"events_of_owner", "SELECT id, " COLUMNS
                                                   " FROM events WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3"};
constexpr Query events_of_sandbox{"events_of_sandbox", "SELECT id, " COLUMNS
                                                       " FROM events WHERE sandbox = ?4 AND id > ?2 AND +owner = ?1 "
                                                       "ORDER BY id LIMIT ?3"};
constexpr Query events_of_terminal{"events_of_terminal", "SELECT id, " COLUMNS
                                                         " FROM events WHERE terminal = ?5 AND id > ?2 AND +owner = ?1 "
                                                         "AND (?4 IS NULL OR +sandbox = ?4) ORDER BY id LIMIT ?3"};
constexpr Query events_of_session{"events_of_session",
                                  "SELECT id, " COLUMNS
                                  " FROM events WHERE session = ?6 AND id > ?2 AND +owner = ?1 "
                                  "AND (?4 IS NULL OR +sandbox = ?4) AND (?5 IS NULL OR +terminal = ?5) ORDER BY id LIMIT ?3"};
constexpr Query events_range{"events_range",
                             "SELECT coalesce((SELECT through FROM events_forgotten WHERE owner = ?1), 0), "
                             "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"};
constexpr Query events_old{"events_old", "SELECT owner, max(id) FROM events WHERE time < ?1 GROUP BY owner"};
constexpr Query events_many{"events_many", "SELECT owner, count(*) FROM events GROUP BY owner HAVING count(*) > ?1"};
constexpr Query events_place{"events_place", "SELECT id FROM events WHERE owner = ?1 ORDER BY id LIMIT 1 OFFSET ?2"};
constexpr Query event_insert{"event_insert",
                             "INSERT INTO events (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id"};
constexpr Query events_last_of{"events_last_of",
                               "SELECT max(id), count(*) FROM (SELECT id FROM events WHERE owner = ?1 AND id <= ?2 "
                               "ORDER BY id LIMIT ?3)"};
constexpr Query events_delete{"events_delete", "DELETE FROM events WHERE owner = ?1 AND id <= ?2"};
constexpr Query events_forget{"events_forget",
                              "INSERT INTO events_forgotten (owner, through) VALUES (?1, ?2) "
                              "ON CONFLICT (owner) DO UPDATE SET through = max(through, ?2)"};

template <class IdType>
Result<std::optional<IdType>> read_subject(const Statement& s, int column) {
  if (s.text(column).empty()) return std::nullopt;
  TRY_ASSIGN(auto id, read_id<IdType>(s, column));
  return id;
}

Result<store::EventRow> read_event(const Statement& s) {
  TRY_ASSIGN(auto sandbox, read_subject<SandboxId>(s, 5));
  TRY_ASSIGN(auto terminal, read_subject<TerminalId>(s, 6));
  TRY_ASSIGN(auto session, read_subject<SessionId>(s, 7));
  return store::EventRow{.id = static_cast<std::uint64_t>(s.integer(0)),
                         .owner = s.text(1),
                         .type = s.text(2),
                         .sandbox = std::move(sandbox),
                         .terminal = std::move(terminal),
                         .session = std::move(session),
                         .time = time_at(s.integer(3)),
                         .data = s.text(4)};
}

Result<store::EventCut> read_cut(const Statement& s) {
  return store::EventCut{s.text(0), static_cast<std::uint64_t>(s.integer(1))};
}

}  // namespace

Result<std::vector<store::EventRow>> SqlUnit::events(const store::EventFilter& filter, std::uint64_t after,
                                                     std::uint32_t limit) {
  TRY(check_limit(limit, most_events));
  const Query& query = filter.session    ? events_of_session
                       : filter.terminal ? events_of_terminal
                       : filter.sandbox  ? events_of_sandbox
                                         : events_of_owner;
  TRY_ASSIGN(auto statement, connection_.prepare(query));
  statement.bind(filter.owner, as_signed(after), std::int64_t{limit});
  if (filter.sandbox) statement.bind_at(4, filter.sandbox->str());
  if (filter.terminal) statement.bind_at(5, filter.terminal->str());
  if (filter.session) statement.bind_at(6, filter.session->str());
  return read_all(statement, read_event);
}

Result<store::EventRange> SqlUnit::event_range(const std::string& owner) {
  TRY_ASSIGN(auto statement, connection_.prepare(events_range));
  TRY(statement.bind(owner).step());
  return store::EventRange{static_cast<std::uint64_t>(statement.integer(0)),
                           static_cast<std::uint64_t>(statement.integer(1))};
}

Result<std::vector<store::EventCut>> SqlUnit::events_to_forget(WallTime before, std::uint64_t most) {
  TRY_ASSIGN(auto old, connection_.prepare(events_old));
  TRY_ASSIGN(auto cuts, read_all(old.bind(nanoseconds(before)), read_cut));
  TRY_ASSIGN(auto many, connection_.prepare(events_many));
  TRY_ASSIGN(const auto loud, read_all(many.bind(as_signed(most)), read_cut));
  for (const store::EventCut& owner : loud) {  // `through` is how many there are
    TRY_ASSIGN(auto place, connection_.prepare(events_place));
    TRY_ASSIGN(const bool found, place.bind(owner.owner, as_signed(owner.through - most - 1)).step());
    if (!found) continue;
    const auto through = static_cast<std::uint64_t>(place.integer(0));
    const auto known = std::ranges::find(cuts, owner.owner, &store::EventCut::owner);
    if (known == cuts.end()) cuts.push_back({owner.owner, through});
    else known->through = std::max(known->through, through);
  }
  return cuts;
}

Result<std::uint64_t> SqlUnit::append_event(const store::EventRow& row) {
  TRY_ASSIGN(auto statement, connection_.prepare(event_insert));
  statement.bind(row.owner, row.type, nanoseconds(row.time), row.data);
  if (row.sandbox) statement.bind_at(5, row.sandbox->str());
  if (row.terminal) statement.bind_at(6, row.terminal->str());
  if (row.session) statement.bind_at(7, row.session->str());
  TRY(statement.step());
  auto added = std::make_shared<store::EventRow>(row);
  added->id = static_cast<std::uint64_t>(statement.integer(0));
  TRY(statement.run());
  events_.push_back(added);
  return added->id;
}

Result<std::uint64_t> SqlUnit::forget_events(const store::EventCut& cut, std::uint32_t limit) {
  TRY_ASSIGN(auto last, connection_.prepare(events_last_of));
  TRY(last.bind(cut.owner, as_signed(cut.through), std::int64_t{limit}).step());
  const std::int64_t through = last.integer(0), count = last.integer(1);
  if (count == 0) return std::uint64_t{0};
  for (const Query* query : {&events_delete, &events_forget}) {
    TRY_ASSIGN(auto statement, connection_.prepare(*query));
    TRY(statement.bind(cut.owner, through).run());
  }
  return static_cast<std::uint64_t>(count);
}

}  // namespace berth::store_sqlite
