#pragma once
// Private to store_sqlite: the tables of sessions. A list's order ends in seq, so that a page is a range of one index: it
// costs the same wherever it begins.

namespace berth::store_sqlite {

inline constexpr const char* session_schema = R"sql(
CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  title_key TEXT NOT NULL,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  state INTEGER NOT NULL,
  damaged INTEGER NOT NULL,
  version INTEGER NOT NULL,
  head BLOB NOT NULL,
  document_bytes INTEGER NOT NULL,
  hash_version INTEGER NOT NULL,
  hash TEXT NOT NULL,
  sandbox TEXT NOT NULL,
  workspace_device INTEGER,
  workspace_inode INTEGER,
  workspace_owner INTEGER,
  workspace_mode INTEGER,
  changed_by TEXT NOT NULL,
  client TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_title ON sessions (owner, title_key, seq);
CREATE INDEX sessions_by_created ON sessions (owner, created, seq);
CREATE INDEX sessions_by_updated ON sessions (owner, updated, seq);
CREATE INDEX sessions_by_state ON sessions (owner, state);

CREATE TABLE session_revisions (
  seq INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  previous BLOB NOT NULL,
  what TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  client TEXT NOT NULL,
  saved INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX session_links ON session_revisions (session, version) WHERE kind < 2;
CREATE UNIQUE INDEX session_wholes ON session_revisions (session, version) WHERE kind <> 1;

CREATE TABLE session_logs (
  seq INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  log INTEGER NOT NULL,
  place INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  appended INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  UNIQUE (session, log, place),
  UNIQUE (session, log, client_id)
) STRICT;

CREATE TABLE idempotency (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  result TEXT NOT NULL,
  made INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (owner, made);
)sql";

}  // namespace berth::store_sqlite
