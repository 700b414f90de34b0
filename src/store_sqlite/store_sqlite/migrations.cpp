#include "store_sqlite/migrations.hpp"

#include <fmt/format.h>

#include <array>

#include "store_sqlite/session_schema.hpp"
#include "store_sqlite/snapshot_schema.hpp"

namespace berth::store_sqlite {
namespace {

// Times are nanoseconds since 1970. seq counts up in the order of insertion: lists are pages over it.
constexpr const char* first_schema = R"sql(
CREATE TABLE sandboxes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  template_name TEXT NOT NULL,
  template_digest TEXT NOT NULL,
  isolation TEXT NOT NULL,
  runtime TEXT NOT NULL,
  state INTEGER NOT NULL,
  reason_code TEXT NOT NULL,
  reason TEXT NOT NULL,
  memory_bytes INTEGER NOT NULL,
  cpu_millis INTEGER NOT NULL,
  processes INTEGER NOT NULL,
  open_files INTEGER NOT NULL,
  remove_on_exit INTEGER NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER,
  ended INTEGER,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX sandboxes_by_name ON sandboxes (owner, name) WHERE removed = 0;
CREATE INDEX sandboxes_by_owner ON sandboxes (owner, seq) WHERE removed = 0;
CREATE INDEX sandboxes_live ON sandboxes (seq) WHERE removed = 0 AND state < 3;

CREATE TABLE terminals (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  sandbox TEXT NOT NULL,
  owner TEXT NOT NULL,
  kind INTEGER NOT NULL,
  argv BLOB NOT NULL,
  cwd TEXT NOT NULL,
  cols INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  nonce TEXT NOT NULL,
  running INTEGER NOT NULL,
  exit_code INTEGER,
  exit_signal INTEGER,
  monitored INTEGER NOT NULL,
  created INTEGER NOT NULL,
  ended INTEGER
) STRICT;
CREATE INDEX terminals_by_sandbox ON terminals (sandbox, seq);

CREATE TABLE commands (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  terminal TEXT NOT NULL,
  number INTEGER NOT NULL,
  sandbox TEXT NOT NULL,
  owner TEXT NOT NULL,
  text TEXT NOT NULL,
  cwd TEXT NOT NULL,
  exit_code INTEGER,
  done INTEGER NOT NULL,
  started INTEGER NOT NULL,
  duration_ns INTEGER,
  output_begin INTEGER NOT NULL,
  output_end INTEGER NOT NULL,
  UNIQUE (terminal, number)
) STRICT;
CREATE INDEX commands_by_owner ON commands (owner, seq);
CREATE INDEX commands_by_sandbox ON commands (sandbox, seq);
CREATE INDEX commands_open ON commands (terminal, number) WHERE done = 0;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  label TEXT NOT NULL,
  hash TEXT NOT NULL,
  created INTEGER NOT NULL,
  revoked INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// priority first, then the longest due; an expired lease makes a running job due again.
constexpr const char* job_schema = R"sql(
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  owner TEXT NOT NULL,
  input TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  worker TEXT NOT NULL,
  lease INTEGER,
  error TEXT NOT NULL,
  created INTEGER NOT NULL,
  ended INTEGER
) STRICT;
CREATE UNIQUE INDEX jobs_active ON jobs (kind, subject) WHERE state < 2;
CREATE INDEX jobs_queued ON jobs (priority DESC, run_at) WHERE state = 0;
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 0;
CREATE INDEX jobs_leased ON jobs (lease) WHERE state = 1;
CREATE INDEX jobs_ended ON jobs (ended) WHERE state > 1;
CREATE INDEX terminals_ended ON terminals (ended) WHERE running = 0;
)sql";

constexpr const char* people_schema = R"sql(
CREATE TABLE users (
  name TEXT PRIMARY KEY,
  role INTEGER NOT NULL,
  disabled INTEGER,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE keys ADD COLUMN scopes INTEGER NOT NULL DEFAULT 7;
ALTER TABLE keys ADD COLUMN expires INTEGER;
ALTER TABLE keys ADD COLUMN used INTEGER;
)sql";

// AUTOINCREMENT: an id is never used again, also when the newest were forgotten. The partial indexes are what a reader of
// one subject goes along; an event without that subject costs them nothing.
constexpr const char* event_schema = R"sql(
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner TEXT NOT NULL,
  type TEXT NOT NULL,
  sandbox TEXT,
  terminal TEXT,
  session TEXT,
  time INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_owner ON events (owner, id);
CREATE INDEX events_by_sandbox ON events (sandbox, id) WHERE sandbox IS NOT NULL;
CREATE INDEX events_by_terminal ON events (terminal, id) WHERE terminal IS NOT NULL;
CREATE INDEX events_by_session ON events (session, id) WHERE session IS NOT NULL;
CREATE TABLE events_forgotten (
  owner TEXT PRIMARY KEY,
  through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Filters by what commands are, each newest first.
constexpr const char* verbs_schema = R"sql(
ALTER TABLE terminals ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE terminals ADD COLUMN name TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX terminals_by_name ON terminals (sandbox, name) WHERE name <> '';
ALTER TABLE commands ADD COLUMN full_screen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN trusted INTEGER NOT NULL DEFAULT 1;
CREATE INDEX commands_failed ON commands (owner, seq) WHERE exit_code <> 0;
CREATE INDEX commands_running ON commands (owner, seq) WHERE done = 0;
CREATE INDEX commands_full_screen ON commands (owner, seq) WHERE full_screen = 1;
CREATE INDEX commands_slow ON commands (owner, seq) WHERE duration_ns >= 1000000000;
CREATE INDEX commands_by_output ON commands (terminal, output_begin);
)sql";

// A chain: audit/chain.hpp.
constexpr const char* audit_schema = R"sql(
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  key TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  request TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
)sql";

// A link is a key that looks at one terminal; '' is any other key.
constexpr const char* link_schema = R"sql(
ALTER TABLE keys ADD COLUMN terminal TEXT NOT NULL DEFAULT '';
)sql";

// The oldest records go with the one that says so, and in no other way: audit/chain.hpp, "1-10000".
constexpr const char* audit_trim_schema = R"sql(
CREATE TRIGGER audit_trimmed AFTER INSERT ON audit WHEN new.action = 'audit.trimmed' BEGIN
  DELETE FROM audit WHERE seq <= CAST(substr(new.subject, 3) AS INTEGER) AND seq < new.seq;
END;
)sql";

constexpr std::array all = {Migration{1, "sandboxes, terminals, commands, keys, settings", first_schema},
                            Migration{2, "sessions", session_schema},
                            Migration{3, "jobs; terminals by their end", job_schema},
                            Migration{4, "users; scopes, expiry and last use of keys", people_schema},
                            Migration{5, "events", event_schema},
                            Migration{6, "names and titles of terminals; commands by what they are", verbs_schema},
                            Migration{7, "audit", audit_schema},
                            Migration{8, "keys of one terminal", link_schema},
                            Migration{9, "snapshots, their tokens and visits", snapshot_schema},
                            Migration{11, "the oldest audit records", audit_trim_schema}};

}  // namespace

std::span<const Migration> migrations() { return all; }

Result<std::int64_t> check_version(Connection& connection, std::span<const Migration> steps) {
  TRY_ASSIGN(const std::int64_t version, connection.number("PRAGMA user_version"));
  TRY_ASSIGN(const std::int64_t tables, connection.number("SELECT count(*) FROM sqlite_schema"));
  TRY_ASSIGN(const std::int64_t application, connection.number("PRAGMA application_id"));
  if (tables > 0 && application != application_id)
    return fail(Code::FailedPrecondition, "The database belongs to another program.");
  if (const std::int64_t newest = steps.empty() ? 0 : steps.back().version; version > newest)
    return fail(Code::FailedPrecondition,
                fmt::format("The database is of a newer Berth (schema {}, this one knows {}).", version, newest),
                "Use the newer Berth, or restore a backup from before the upgrade.");
  return version;
}

Result<> migrate(Connection& connection, std::span<const Migration> steps,
                 const std::function<Result<>(std::int64_t)>& before_change) {
  TRY_ASSIGN(const std::int64_t version, check_version(connection, steps));
  bool asked = version == 0;
  for (const Migration& step : steps) {
    if (step.version <= version) continue;
    if (!std::exchange(asked, true)) TRY(before_change(version));
    const std::string sql = fmt::format("BEGIN IMMEDIATE; {}; PRAGMA application_id={}; PRAGMA user_version={}; COMMIT",
                                        step.sql, application_id, step.version);
    if (auto done = connection.execute(sql); !done) {
      if (connection.in_transaction()) (void)connection.execute("ROLLBACK");
      Error error = std::move(done).error();
      error.operation = fmt::format("migration {} ({})", step.version, step.name);
      return pass(std::move(error));
    }
  }
  return {};
}

}  // namespace berth::store_sqlite
