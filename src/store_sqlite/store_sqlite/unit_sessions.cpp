#include "store_sqlite/places.hpp"
#include "store_sqlite/queries.hpp"
#include "store_sqlite/tags.hpp"
#include "store_sqlite/unit.hpp"
#include "store_sqlite/values.hpp"

#define BERTH_SESSION_COLUMNS                                                                                          \
  "id, owner, title, title_key, description, tags, state, damaged, version, head, document_bytes, hash_version, hash, " \
  "sandbox, workspace_device, workspace_inode, workspace_owner, workspace_mode, changed_by, client, created, updated"

namespace berth::store_sqlite {
namespace {

using store::Direction;
using store::SessionOrder;

constexpr std::uint32_t most = 100;
constexpr const char* no_session = "There is no such session.";
constexpr int session_columns = 22;

constexpr Query session_by_id{"session_by_id", "SELECT " BERTH_SESSION_COLUMNS " FROM sessions WHERE id = ?1"};
constexpr Query session_count{"session_count", "SELECT coalesce(sum(state = 0), 0), count(*) FROM sessions WHERE owner = ?1"};
constexpr Query session_insert{"session_insert",
                               "INSERT INTO sessions (" BERTH_SESSION_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
                               "?19, ?20, ?21, ?22)"};
constexpr Query session_update{
    "session_update",
    "UPDATE sessions SET owner = ?2, title = ?3, title_key = ?4, description = ?5, tags = ?6, state = ?7, damaged = ?8, "
    "version = ?9, head = ?10, document_bytes = ?11, hash_version = ?12, hash = ?13, sandbox = ?14, workspace_device = ?15, "
    "workspace_inode = ?16, workspace_owner = ?17, workspace_mode = ?18, changed_by = ?19, client = ?20, created = ?21, "
    "updated = ?22 WHERE id = ?1 AND version = ?23 AND state = ?24"};
constexpr Query session_advance{
    "session_advance",
    "UPDATE sessions SET version = ?4, head = ?5, document_bytes = ?6, hash_version = ?7, hash = ?8, changed_by = ?9, client = ?10, "
    "updated = ?11 WHERE id = ?1 AND version = ?2 AND state = ?3"};
constexpr Query session_damage{"session_damage", "UPDATE sessions SET damaged = 1 WHERE id = ?1"};
constexpr Query session_remove{"session_remove", "DELETE FROM sessions WHERE id = ?1"};
constexpr Query session_remove_revisions{"session_remove_revisions", "DELETE FROM session_revisions WHERE session = ?1"};
constexpr Query session_remove_logs{"session_remove_logs", "DELETE FROM session_logs WHERE session = ?1"};

// One statement for each order and direction: the page is then a range of one index.
#define BERTH_SESSION_PAGE(name, key, time, compare, way)                                                               \
  {                                                                                                                     \
    name, "SELECT " BERTH_SESSION_COLUMNS ", seq FROM sessions WHERE owner = ?1 AND (" key ", seq) " compare \
          " (?2, ?3) AND (?4 = '' OR instr(title_key, ?4) > 0) AND (?5 = '' OR instr(char(10) || tags || char(10), "     \
          "char(10) || ?5 || char(10)) > 0) AND (?6 IS NULL OR state = ?6) AND (?7 IS NULL OR " time                    \
          " >= ?7) AND (?8 IS NULL OR " time " < ?8) ORDER BY " key " " way ", seq " way " LIMIT ?9"                      \
  }
constexpr Query session_pages[3][2] = {
    {BERTH_SESSION_PAGE("sessions_title_up", "title_key", "updated", ">", "ASC"),
     BERTH_SESSION_PAGE("sessions_title_down", "title_key", "updated", "<", "DESC")},
    {BERTH_SESSION_PAGE("sessions_created_up", "created", "created", ">", "ASC"),
     BERTH_SESSION_PAGE("sessions_created_down", "created", "created", "<", "DESC")},
    {BERTH_SESSION_PAGE("sessions_updated_up", "updated", "updated", ">", "ASC"),
     BERTH_SESSION_PAGE("sessions_updated_down", "updated", "updated", "<", "DESC")}};

Result<store::SessionRow> read_session(const Statement& s) {
  TRY_ASSIGN(auto id, read_id<SessionId>(s, 0));
  TRY_ASSIGN(const auto state, read_enum(s, 6, store::SessionState::Closed));
  store::SessionRow row{.id = std::move(id), .owner = s.text(1), .title = s.text(2), .title_key = s.text(3),
                        .description = s.text(4), .tags = split_tags(s.text(5)), .state = state, .damaged = s.integer(7) != 0,
                        .version = static_cast<std::uint64_t>(s.integer(8)), .head = s.text(9),
                        .document_bytes = static_cast<std::uint64_t>(s.integer(10)),
                        .hash_version = static_cast<std::uint64_t>(s.integer(11)), .hash = s.text(12), .sandbox = s.text(13),
                        .workspace = {}, .changed_by = s.text(18), .client = s.text(19), .created = time_at(s.integer(20)),
                        .updated = time_at(s.integer(21))};
  if (s.optional_integer(14))
    row.workspace = store::WorkspaceMark{.device = static_cast<std::uint64_t>(s.integer(14)),
                                         .inode = static_cast<std::uint64_t>(s.integer(15)),
                                         .owner = static_cast<std::uint32_t>(s.integer(16)),
                                         .mode = static_cast<std::uint32_t>(s.integer(17))};
  return row;
}

void bind_session(Statement& s, const store::SessionRow& row, const std::string& tags) {
  std::optional<std::int64_t> device, inode, owner, mode;
  if (row.workspace) {
    device = as_signed(row.workspace->device);
    inode = as_signed(row.workspace->inode);
    owner = row.workspace->owner;
    mode = row.workspace->mode;
  }
  s.bind(row.id.str(), row.owner, row.title, row.title_key, row.description, tags, static_cast<std::int64_t>(row.state),
         std::int64_t{row.damaged}, as_signed(row.version), Blob{row.head}, as_signed(row.document_bytes),
         as_signed(row.hash_version), row.hash, row.sandbox, device, inode, owner, mode, row.changed_by, row.client,
         nanoseconds(row.created), nanoseconds(row.updated));
}

}  // namespace

Result<store::SessionRow> SqlUnit::session(const SessionId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(session_by_id));
  return read_one(statement.bind(id.str()), read_session, no_session);
}

Result<store::SessionPage> SqlUnit::sessions(const store::SessionFilter& filter,
                                             const std::optional<store::SessionPosition>& after, std::uint32_t limit) {
  TRY(check_limit(limit, most));
  const Query& query = session_pages[static_cast<int>(filter.order)][filter.direction == Direction::Up ? 0 : 1];
  TRY_ASSIGN(auto s, connection_.prepare(query));
  std::optional<std::int64_t> state;
  if (filter.state) state = static_cast<std::int64_t>(*filter.state);
  constexpr std::int64_t place = 0;  // bound below
  s.bind(filter.owner, place, place, filter.title, filter.tag, state, nanoseconds(filter.from), nanoseconds(filter.until),
         std::int64_t{limit} + 1);
  bind_place(s, filter.order == SessionOrder::Title ? Key::Title : Key::Time, filter.direction, after);
  return read_places<store::SessionPage>(s, read_session, session_columns, limit, [order = filter.order](const auto& row) {
    return order == SessionOrder::Created ? row.created : row.updated;
  });
}

Result<store::SessionCounts> SqlUnit::session_counts(const std::string& owner) {
  TRY_ASSIGN(auto statement, connection_.prepare(session_count));
  TRY_ASSIGN(const bool found, statement.bind(owner).step());
  if (!found) return store::SessionCounts{};
  return store::SessionCounts{.active = static_cast<std::uint64_t>(statement.integer(0)),
                              .stored = static_cast<std::uint64_t>(statement.integer(1))};
}

Result<> SqlUnit::insert_session(const store::SessionRow& row) {
  const std::string tags = join_tags(row.tags);
  TRY_ASSIGN(auto statement, connection_.prepare(session_insert));
  bind_session(statement, row, tags);
  return taken(statement.run(), "The session exists already.");
}

Result<> SqlUnit::update_session(const store::SessionRow& row, std::uint64_t expected_version,
                                 store::SessionState expected_state) {
  const std::string tags = join_tags(row.tags);
  TRY_ASSIGN(auto statement, connection_.prepare(session_update));
  bind_session(statement, row, tags);
  statement.bind_at(session_columns + 1, as_signed(expected_version));
  statement.bind_at(session_columns + 2, static_cast<std::int64_t>(expected_state));
  TRY(statement.run());
  return connection_.changes() == 1 ? Result<>() : session_moved_on(row.id);
}

Result<> SqlUnit::advance_session(const store::SessionRow& row, std::uint64_t expected_version,
                                  store::SessionState expected_state) {
  TRY_ASSIGN(auto statement, connection_.prepare(session_advance));
  statement.bind(row.id.str(), as_signed(expected_version), static_cast<std::int64_t>(expected_state), as_signed(row.version),
                 Blob{row.head}, as_signed(row.document_bytes), as_signed(row.hash_version), row.hash, row.changed_by, row.client,
                 nanoseconds(row.updated));
  TRY(statement.run());
  return connection_.changes() == 1 ? Result<>() : session_moved_on(row.id);
}

Result<> SqlUnit::session_moved_on(const SessionId& id) {
  TRY(session(id));
  return fail(Code::FailedPrecondition, "The session is in another state by now.");
}

Result<> SqlUnit::mark_session_damaged(const SessionId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(session_damage));
  return statement.bind(id.str()).run();
}

Result<> SqlUnit::remove_session(const SessionId& id) {
  TRY_ASSIGN(auto statement, connection_.prepare(session_remove));
  TRY(statement.bind(id.str()).run());
  if (connection_.changes() == 0) return fail(Code::NotFound, no_session);
  for (const Query* query : {&session_remove_revisions, &session_remove_logs}) {
    TRY_ASSIGN(auto parts, connection_.prepare(*query));
    TRY(parts.bind(id.str()).run());
  }
  return {};
}

}  // namespace berth::store_sqlite
